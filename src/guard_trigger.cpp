#include "guard_trigger.h"

#include <array>
#include <cstring>

namespace follow {

namespace {

/** A guard: one trigger of a table. */
struct GuardTrigger {
    const char *name;
    int16 timing;
};

constexpr int16 guard_events = TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE;

/*
 * Triggers fire in the order of their names. The lock comes last before the row, when other triggers are done with the
 * pair. A follow is decided before the foreign keys (RI_ConstraintTrigger...) look for its users: a block is told
 * before existence. A block removes follows after them: they wait for a user's deletion, and who holds deleted follows
 * while waiting for that deadlocks with its cascade.
 */
constexpr GuardTrigger lock_guard{lock_guard_name, TRIGGER_TYPE_BEFORE};
constexpr GuardTrigger check_guard{"0_follow_ext_check", TRIGGER_TYPE_AFTER};
constexpr GuardTrigger remove_guard{"zz_follow_ext_remove", TRIGGER_TYPE_AFTER};

constexpr std::array<GuardTrigger, 2> guards_of(Role role) {
    return {lock_guard, role == Role::follow ? check_guard : remove_guard};
}

/** Whether a trigger fires for what clients write. */
bool fires(const FormData_pg_trigger &trigger) {
    return trigger.tgenabled == TRIGGER_FIRES_ON_ORIGIN || trigger.tgenabled == TRIGGER_FIRES_ALWAYS;
}

bool is(const FormData_pg_trigger &trigger, const GuardTrigger &guard) {
    return strcmp(NameStr(trigger.tgname), guard.name) == 0 &&
           trigger.tgtype == (TRIGGER_TYPE_ROW | guard.timing | guard_events) && trigger.tgattr.dim1 == 0 &&
           !OidIsValid(trigger.tgconstraint);
}

/** The table's triggers that call the guard; a partition's have a parent. */
List *triggers_of(Oid table, Oid guard) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
    const Relation triggers = table_open(TriggerRelationId, AccessShareLock);
    const SysScanDesc scan = systable_beginscan(triggers, TriggerRelidNameIndexId, true, nullptr, 1, &key);
    List *found = NIL;
    HeapTuple tuple = nullptr;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        const auto *form = reinterpret_cast<Form_pg_trigger>(GETSTRUCT(tuple));
        if (form->tgfoid == guard) {
            found = lappend(found, heap_copytuple(tuple));
        }
    }
    systable_endscan(scan);
    table_close(triggers, AccessShareLock);
    return found;
}

/** Whether all guards below the table fire: somebody may have silenced one on a partition. */
bool all_fire(Oid table, Oid guard) {
    List *partitions = find_all_inheritors(table, NoLock, nullptr);
    ListCell *partition = nullptr;
    foreach (partition, partitions) {
        List *triggers = triggers_of(lfirst_oid(partition), guard);
        ListCell *cell = nullptr;
        foreach (cell, triggers) {
            if (!fires(*reinterpret_cast<Form_pg_trigger>(GETSTRUCT(static_cast<HeapTuple>(lfirst(cell)))))) {
                return false;
            }
        }
    }
    return true;
}

void drop(const FormData_pg_trigger &trigger) {
    const ObjectAddress address{TriggerRelationId, trigger.oid, 0};
    performDeletion(&address, DROP_RESTRICT, 0);
}

void create(const GuardTrigger &guard, Relation relation, Oid function) {
    auto *statement = makeNode(CreateTrigStmt);
    statement->trigname = pstrdup(guard.name);
    statement->row = true;
    statement->timing = guard.timing;
    statement->events = guard_events;
    CreateTrigger(statement, nullptr, RelationGetRelid(relation), InvalidOid, InvalidOid, InvalidOid, function,
                  InvalidOid, nullptr, false, false);
}

} // namespace

Oid guard_function(Oid function) {
    List *name =
        list_make2(makeString(get_namespace_name(get_func_namespace(function))), makeString(pstrdup("follow_guard")));
    return LookupFuncName(name, 0, nullptr, true);
}

void put_guards_on(Oid function, Relation relation, Role role) {
    const Oid guard = guard_function(function);
    std::array<GuardTrigger, 2> wanted = guards_of(role);
    std::array<bool, 2> there{};
    const bool firing = all_fire(RelationGetRelid(relation), guard);
    List *triggers = triggers_of(RelationGetRelid(relation), guard);
    ListCell *cell = nullptr;
    foreach (cell, triggers) {
        auto *const tuple = static_cast<HeapTuple>(lfirst(cell));
        const auto *trigger = reinterpret_cast<Form_pg_trigger>(GETSTRUCT(tuple));
        const bool has_condition = !heap_attisnull(tuple, Anum_pg_trigger_tgqual, nullptr);
        bool serves = false;
        for (std::size_t i = 0; i < wanted.size(); i++) {
            if (firing && !has_condition && is(*trigger, wanted[i])) {
                there[i] = serves = true;
            }
        }
        if (!serves) {
            drop(*trigger);
        }
    }
    for (std::size_t i = 0; i < wanted.size(); i++) {
        if (!there[i]) {
            create(wanted[i], relation, guard);
        }
    }
    CommandCounterIncrement();
}

void take_guards_off(Oid function, Oid table) {
    List *triggers = triggers_of(table, guard_function(function));
    ListCell *cell = nullptr;
    foreach (cell, triggers) {
        drop(*reinterpret_cast<Form_pg_trigger>(GETSTRUCT(static_cast<HeapTuple>(lfirst(cell)))));
    }
    CommandCounterIncrement();
}

} // namespace follow
