#include "row_triggers.h"

#include "plain_table.h"

#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<RowTriggers>);

namespace {

/** The guards have nothing to do for own writes. In this call's own copy of the description. */
void disable_guards(const PairTable &table, const TriggerDesc *triggers) {
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
        if (is_guard(triggers->triggers[i], table)) {
            triggers->triggers[i].tgenabled = TRIGGER_DISABLED;
        }
    }
}

void begin(RowTriggers *triggers, bool own) {
    if (triggers->state != nullptr && triggers->own != own) {
        fire(triggers);
    }
    if (triggers->state != nullptr) {
        return;
    }
    triggers->own = own;
    triggers->state = CreateExecutorState();
    const MemoryContext context = MemoryContextSwitchTo(triggers->state->es_query_cxt);
    triggers->result = makeNode(ResultRelInfo);
    InitResultRelInfo(triggers->result, triggers->relation, 0, nullptr, 0);
    if (own) {
        disable_guards(*triggers->table, triggers->result->ri_TrigDesc);
    }
    triggers->state->es_opened_result_relations = list_make1(triggers->result);
    MemoryContextSwitchTo(context);
    AfterTriggerBeginQuery();
}

} // namespace

void queue_insert(RowTriggers *triggers, TupleTableSlot *slot, bool own) {
    if (own ? triggers->table->fires_after_own_insert : triggers->table->fires_after_insert) {
        begin(triggers, own);
        ExecARInsertTriggers(triggers->state, triggers->result, slot, NIL, nullptr);
    }
}

void queue_delete(RowTriggers *triggers, ItemPointer row) {
    if (triggers->table->fires_after_delete) {
        begin(triggers, false);
        ExecARDeleteTriggers(triggers->state, triggers->result, row, nullptr, nullptr, false);
    }
}

void fire(RowTriggers *triggers) {
    if (triggers->state == nullptr) {
        return;
    }
    AfterTriggerEndQuery(triggers->state);
    ExecResetTupleTable(triggers->state->es_tupleTable, false);
    ExecCloseResultRelations(triggers->state);
    FreeExecutorState(triggers->state);
    triggers->state = nullptr;
}

} // namespace follow
