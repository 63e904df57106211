#include "row_triggers.h"

#include "plain_table.h"

#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<RowTriggers>);

namespace {

void begin(RowTriggers *triggers) {
    if (triggers->state != nullptr) {
        return;
    }
    triggers->state = CreateExecutorState();
    const MemoryContext context = MemoryContextSwitchTo(triggers->state->es_query_cxt);
    triggers->result = makeNode(ResultRelInfo);
    InitResultRelInfo(triggers->result, triggers->relation, 0, nullptr, 0);
    triggers->defined = CopyTriggerDesc(triggers->result->ri_TrigDesc);
    triggers->state->es_opened_result_relations = list_make1(triggers->result);
    MemoryContextSwitchTo(context);
    AfterTriggerBeginQuery();
}

/** In the copy of the table's triggers that is queued from: triggers keep their places there. */
void enable_guards(RowTriggers *triggers, bool enabled) {
    const TriggerDesc *queued = triggers->result->ri_TrigDesc;
    for (int i = 0; i < queued->numtriggers; i++) {
        if (is_guard(queued->triggers[i], *triggers->table)) {
            queued->triggers[i].tgenabled = enabled ? triggers->defined->triggers[i].tgenabled : TRIGGER_DISABLED;
        }
    }
}

} // namespace

void queue_insert(RowTriggers *triggers, TupleTableSlot *slot, bool own) {
    if (own ? triggers->table->fires_after_own_insert : triggers->table->fires_after_insert) {
        begin(triggers);
        enable_guards(triggers, !own);
        ExecARInsertTriggers(triggers->state, triggers->result, slot, NIL, nullptr);
    }
}

void queue_delete(RowTriggers *triggers, ItemPointer row) {
    if (triggers->table->fires_after_delete) {
        begin(triggers);
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
