#include "direct_store.h"

#include "acting_owner.h"
#include "probe.h"
#include "rights.h"
#include "row_writer.h"

namespace follow {

namespace {

/** Names are not looked up here, but the caller needs the right to. */
void check_right_to_read(const PairTable &table) {
    if (!compat::may_use_schema(table.schema, GetUserId())) {
        aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA, get_namespace_name(table.schema));
    }
    compat::check_rights(rights_to(table, Access::look));
}

EdgeRow find(PairTable *table, const Edge &edge, Rights rights, View view) {
    if (rights == Rights::caller) {
        check_right_to_read(*table);
    }
    Probe probe = begin_probe(*table, view);
    const EdgeRow row = follow::probe(&probe, edge) ? row_in(*table, probe.slot) : no_row;
    end_probe(&probe);
    return row;
}

bool find_either(PairTable *table, const Edge &edge, View view) {
    Probe probe = begin_probe(*table, view);
    const bool found = follow::probe(&probe, edge) || follow::probe(&probe, {edge.to, edge.from});
    end_probe(&probe);
    return found;
}

Write insert(PairTable *table, const Edge &edge, OnConflict on_conflict) {
    Rows rows = begin_inserts(table);
    const Write write = insert_row(&rows, edge, on_conflict);
    end_inserts(&rows);
    return write;
}

/** What became of a delete: there was no row; it is done; or another transaction changed the row first. */
enum class Deletion { no_row, done, lost };

Deletion outcome_of(TM_Result result) {
    switch (result) {
    case TM_Ok:
        return Deletion::done;
    case TM_SelfModified:
        return Deletion::no_row;
    case TM_Updated:
    case TM_Deleted:
        if (IsolationIsSerializable()) {
            ereport(
                ERROR, errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                errmsg("could not serialize access due to concurrent %s", result == TM_Updated ? "update" : "delete"));
        }
        return Deletion::lost;
    default:
        elog(ERROR, "unexpected table_tuple_delete status: %u", result);
    }
}

/** Deletes an edge that is seen. */
Deletion delete_seen(const PairTable &table, const Edge &edge, View view, RowTriggers *triggers) {
    Probe probe = begin_probe(table, view);
    Deletion deletion = Deletion::no_row;
    if (follow::probe(&probe, edge)) {
        TM_FailureData failure;
        deletion = outcome_of(table_tuple_delete(probe.relation, &probe.slot->tts_tid, GetCurrentCommandId(true),
                                                 probe.snapshot, crosscheck_of(view), true, &failure, false));
        if (deletion == Deletion::done) {
            queue_delete(triggers, &probe.slot->tts_tid);
        }
    }
    end_probe(&probe);
    return deletion;
}

/** What somebody changed meanwhile is looked for again, as a statement looks at a row's newest version. */
bool delete_newest(const PairTable &table, const Edge &edge, View view, RowTriggers *triggers) {
    Deletion deletion = Deletion::lost;
    while (deletion == Deletion::lost) {
        CHECK_FOR_INTERRUPTS();
        deletion = delete_seen(table, edge, view, triggers);
    }
    return deletion == Deletion::done;
}

RowTriggers begin_deletes(const PairTable &table) {
    RowTriggers triggers{&table, open_locked(table), nullptr, nullptr, false};
    CheckCmdReplicaIdentity(triggers.relation, CMD_DELETE);
    return triggers;
}

void end_deletes(RowTriggers *triggers) {
    if (triggers->state != nullptr) {
        PushActiveSnapshot(snapshot_of(View::write));
        fire(triggers);
        PopActiveSnapshot();
    }
    CommandCounterIncrement();
    table_close(triggers->relation, NoLock);
}

bool remove(PairTable *table, const Edge &edge) {
    compat::check_rights(rights_to(*table, Access::remove));
    RowTriggers triggers = begin_deletes(*table);
    const bool removed = delete_newest(*table, edge, View::write, &triggers);
    end_deletes(&triggers);
    return removed;
}

void remove_both(const PairTable &table, const Edge &edge, View view) {
    RowTriggers triggers = begin_deletes(table);
    delete_newest(table, edge, view, &triggers);
    delete_newest(table, {edge.to, edge.from}, view, &triggers);
    end_deletes(&triggers);
}

/** Triggers run as who queued them: that is the owner, as for a statement. */
void remove_either(PairTable *table, const Edge &edge, View view) {
    if (!table->fires_after_delete) {
        remove_both(*table, edge, view);
        return;
    }
    const ActingOwner acting = begin_acting(table->owner, table->schema);
    remove_both(*table, edge, view);
    end_acting(acting);
}

/** As the planner has it: rows that an old snapshot shows may be missing from an index over broken HOT chains. */
bool is_arbiter_too_new(const PairTable &table) {
    return TransactionIdIsValid(table.arbiter_since) && !TransactionIdPrecedes(table.arbiter_since, TransactionXmin);
}

} // namespace

Probe begin_reading(const PairTable &table) {
    check_right_to_read(table);
    return begin_reading_probe(table);
}

void insert_rows(PairTable *table, const Uuid &from, Targets targets, OnConflict on_conflict) {
    Rows rows = begin_inserts(table);
    for (const Target &target : targets) {
        if (!target.decided) {
            CHECK_FOR_INTERRUPTS();
            insert_row(&rows, {from, target.user}, on_conflict);
        }
    }
    end_inserts(&rows);
}

const char *obstacle_to_direct(const PairTable &table, Access access, Rights rights) {
    // Auditors expect a statement around each check of rights, and log those of the owner too.
    const char *obstacle = ExecutorCheckPerms_hook != nullptr ? "an extension that audits statements"
                                                              : table.obstacles[static_cast<std::size_t>(access)];
    if (obstacle == nullptr && rights == Rights::caller && have_policies(table)) {
        return "row security";
    }
    if (obstacle == nullptr && rights == Rights::owner && !table.owner_has_rights) {
        return "rights that the owner has not";
    }
    if (obstacle == nullptr && access != Access::insert && is_arbiter_too_new(table)) {
        return "a unique index newer than the snapshot";
    }
    return obstacle;
}

const Store direct_store = {find, find_either, insert, remove, remove_either};

} // namespace follow
