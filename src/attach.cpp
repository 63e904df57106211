#include "attach.h"

#include "advice.h"
#include "blocked_follows.h"
#include "graph.h"
#include "guard_trigger.h"

namespace follow {

namespace {

bool exists(Oid relation) {
    return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation));
}

[[noreturn]] void raise_not_owner(const char *table) {
    ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("must be owner of table %s", table),
            errhint("Attaching and detaching are for the owner of both tables."));
}

/** A table that is gone has no owner to ask. */
void require_ownership(const CatalogRow &row) {
    for (const Oid table : {row.follow_table, row.block_table}) {
        if (exists(table) && !compat::owns_relation(table, GetUserId())) {
            raise_not_owner(get_rel_name(table));
        }
    }
}

/** Keeps writers out of a table until the transaction ends, so that what is examined stays true. */
Relation open_for_attach(Oid table) {
    const Relation relation = try_relation_open(table, ShareRowExclusiveLock);
    if (relation == nullptr) {
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE), errmsg("the table to attach was dropped meanwhile"),
                errhint("Create it, then call follow_attach_graph again."));
    }
    return relation;
}

void require_no_other_graph(const CatalogRow &attached, const CatalogRow &wanted) {
    const bool same_tables = attached.follow_table == wanted.follow_table && attached.block_table == wanted.block_table;
    if (same_tables) {
        return;
    }
    require_ownership(attached);
    if (exists(attached.follow_table) && exists(attached.block_table)) {
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("another follow graph is attached"),
                errdetail("Its tables are %s and %s.", get_rel_name(attached.follow_table),
                          get_rel_name(attached.block_table)),
                errhint("SELECT follow_detach_graph(); first. It keeps the tables and their rows."));
    }
}

/** The column that was asked for; the default name may be absent, any other may not. */
Column find_created_at(Relation follow_table, const Column &wanted) {
    if (NameStr(wanted.name)[0] == '\0') {
        return Column{};
    }
    const Form_pg_attribute attribute = find_column(follow_table, wanted);
    if (attribute != nullptr) {
        return {attribute->attname, attribute->attnum};
    }
    if (namestrcmp(const_cast<Name>(&wanted.name), "created_at") != 0) {
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
                errmsg("table %s has no column %s", RelationGetRelationName(follow_table), quoted(wanted)),
                errhint("Name the column that holds the time of a follow, or NULL where there is none."));
    }
    return Column{};
}

void arrange_guards(Oid function, Relation follow_table, Relation block_table, Guards guards) {
    if (guards == Guards::put_on) {
        put_guards_on(function, follow_table, Role::follow);
        put_guards_on(function, block_table, Role::block);
    }
    if (guards == Guards::take_off) {
        take_guards_off(function, RelationGetRelid(follow_table));
        take_guards_off(function, RelationGetRelid(block_table));
        advise_without_guards();
    }
}

} // namespace

void attach_graph(Oid function, const CatalogRow &wanted, Guards guards, BlockedFollows blocked_follows) {
    require_ownership(wanted);
    const Relation catalog = table_open(catalog_of_function(function), ShareRowExclusiveLock);
    const Relation follow_table = open_for_attach(wanted.follow_table);
    const Relation block_table = open_for_attach(wanted.block_table);
    require_ownership(wanted);

    CatalogRow attached{};
    if (read_catalog(catalog, &attached)) {
        require_no_other_graph(attached, wanted);
    }
    CatalogRow row = wanted;
    row.created_at = find_created_at(follow_table, wanted.created_at);
    Graph graph{};
    Defect defect{};
    if (!describe_graph(function, follow_table, block_table, row, &graph, &defect)) {
        ereport(ERROR, errcode(defect.code), errmsg_internal("%s", defect.message), errhint("%s", defect.hint));
    }
    row.follower = graph.follow.from;
    row.following = graph.follow.to;
    row.blocker = graph.block.from;
    row.blocked = graph.block.to;
    write_catalog(catalog, &row);
    arrange_guards(function, follow_table, block_table, guards);
    if (blocked_follows == BlockedFollows::remove) {
        remove_blocked_follows(graph);
    }
    advise(graph, follow_table, block_table);
    advise_on_blocked_follows(graph);
    table_close(block_table, NoLock);
    table_close(follow_table, NoLock);
    table_close(catalog, NoLock);
}

bool detach_graph(Oid function) {
    const Relation catalog = table_open(catalog_of_function(function), ShareRowExclusiveLock);
    CatalogRow attached{};
    const bool found = read_catalog(catalog, &attached);
    if (found) {
        require_ownership(attached);
        LockRelationOid(attached.follow_table, ShareRowExclusiveLock);
        LockRelationOid(attached.block_table, ShareRowExclusiveLock);
        require_ownership(attached);
        for (const Oid table : {attached.follow_table, attached.block_table}) {
            if (exists(table)) {
                take_guards_off(function, table);
            }
        }
        write_catalog(catalog, nullptr);
    }
    table_close(catalog, NoLock);
    return found;
}

HeapTuple check_catalog_change(const TriggerData &trigger) {
    const Relation catalog = trigger.tg_relation;
    CacheInvalidateRelcache(catalog);
    if (TRIGGER_FIRED_BY_DELETE(trigger.tg_event)) {
        return trigger.tg_trigtuple;
    }
    const HeapTuple tuple = TRIGGER_FIRED_BY_UPDATE(trigger.tg_event) ? trigger.tg_newtuple : trigger.tg_trigtuple;
    const CatalogRow row = catalog_row(tuple, RelationGetDescr(catalog));
    if (!exists(row.follow_table) || !exists(row.block_table)) {
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE), errmsg("a table of the graph does not exist"),
                errhint("Rows of follow_graph are written by follow_attach_graph and by a restore."));
    }
    require_ownership(row);
    return TRIGGER_FIRED_BY_INSERT(trigger.tg_event) ? renumber_columns(tuple, RelationGetDescr(catalog)) : tuple;
}

} // namespace follow
