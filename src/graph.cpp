#include "graph.h"

#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<Graph>);

namespace {

/** One graph for now. Not always usable: an error may have left it incomplete. */
Graph *current = nullptr;

bool is_usable(const Graph *graph) {
    return graph != nullptr && graph->complete && !graph->stale;
}

bool depends_on(const Graph *graph, Oid relation) {
    if (relation == graph->catalog || relation == graph->follow.relation || relation == graph->block.relation) {
        return true;
    }
    for (const UserReference *user = graph->users; user != nullptr; user = user->next) {
        if (relation == user->users_table) {
            return true;
        }
    }
    return false;
}

/** May be called whenever a lock is taken, in the middle of an operation too: only takes a note. */
void on_relation_change(Datum /* argument */, Oid relation) {
    if (current != nullptr && (!OidIsValid(relation) || depends_on(current, relation))) {
        current->stale = true;
    }
}

/** Renaming a schema reaches no relation, but the names of foreign keys are kept with their schema. */
void on_schema_change(Datum /* argument */, compat::SyscacheId /* cache */, uint32 /* hash */) {
    if (current != nullptr) {
        current->stale = true;
    }
}

void free_plans(void *argument) {
    const auto *graph = static_cast<Graph *>(argument);
    for (SPIPlanPtr plan : graph->plans) {
        if (plan != nullptr) {
            SPI_freeplan(plan);
        }
    }
    for (const UserReference *user = graph->users; user != nullptr; user = user->next) {
        if (user->plan != nullptr) {
            SPI_freeplan(user->plan);
        }
    }
}

/**
 * Hands the cached graph over to the transaction. An operation further up the stack may still be using it: a trigger of
 * the follow table can call follow_user again.
 */
void retire_current() {
    if (current != nullptr) {
        MemoryContextSetParent(current->context, TopTransactionContext);
        current = nullptr;
    }
}

Graph *new_graph(Oid catalog) {
    const MemoryContext context = AllocSetContextCreate(CacheMemoryContext, "follow_ext graph", ALLOCSET_SMALL_SIZES);
    auto *graph = static_cast<Graph *>(MemoryContextAllocZero(context, sizeof(Graph)));
    graph->context = context;
    graph->catalog = catalog;

    auto *callback =
        static_cast<MemoryContextCallback *>(MemoryContextAllocZero(context, sizeof(MemoryContextCallback)));
    callback->func = free_plans;
    callback->arg = graph;
    MemoryContextRegisterResetCallback(context, callback);
    return graph;
}

[[noreturn]] void raise_no_graph() {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no follow graph is attached"),
            errhint("SELECT follow_create_graph(); makes one, SELECT follow_attach_graph('user_follow', 'user_block'); "
                    "adopts tables that you have."));
}

[[noreturn]] void raise_table_gone(const char *which) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("a table of the follow graph no longer exists"),
            errdetail("The attached %s table was dropped.", which),
            errhint("Attach the tables that took its place: SELECT follow_attach_graph('user_follow', 'user_block');"));
}

[[noreturn]] void raise_unusable(const Defect &defect) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("the tables of the follow graph have changed and no longer serve"),
            errdetail_internal("%s.", defect.message),
            errhint("%s Or call follow_attach_graph again, with the tables and columns to use.", defect.hint));
}

Relation open_attached(Oid table, const char *which) {
    const Relation relation = try_relation_open(table, AccessShareLock);
    if (relation == nullptr) {
        raise_table_gone(which);
    }
    return relation;
}

/** Reads the catalog and examines the tables. `current` is set first, so that no invalidation is missed meanwhile. */
void build_current(Oid function) {
    const Relation catalog = table_open(catalog_of_function(function), AccessShareLock);
    CatalogRow row{};
    if (!read_catalog(catalog, &row)) {
        raise_no_graph();
    }
    current = new_graph(RelationGetRelid(catalog));
    current->follow.relation = row.follow_table;
    current->block.relation = row.block_table;
    table_close(catalog, NoLock);

    const MemoryContext caller_context = MemoryContextSwitchTo(current->context);
    const Relation follow_table = open_attached(row.follow_table, "follow");
    const Relation block_table = open_attached(row.block_table, "block");
    Defect defect{};
    if (!describe_graph(follow_table, block_table, row, current, &defect)) {
        raise_unusable(defect);
    }
    table_close(block_table, NoLock);
    table_close(follow_table, NoLock);
    MemoryContextSwitchTo(caller_context);
    current->complete = true;
}

FormData_pg_constraint read_constraint(Oid constraint) {
    const HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
    if (!HeapTupleIsValid(tuple)) {
        elog(ERROR, "cache lookup failed for constraint %u", constraint);
    }
    const FormData_pg_constraint form = *reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
    ReleaseSysCache(tuple);
    return form;
}

List *inherited_constraints(Oid parent) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_constraint_conparentid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(parent));
    const Relation constraints = table_open(ConstraintRelationId, AccessShareLock);
    const SysScanDesc scan = systable_beginscan(constraints, ConstraintParentIndexId, true, nullptr, 1, &key);
    List *children = NIL;
    HeapTuple tuple = nullptr;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        children = lappend_oid(children, reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple))->oid);
    }
    systable_endscan(scan);
    table_close(constraints, AccessShareLock);
    return children;
}

/** A partition reports a violation under its own name and under the name of the constraint that it inherited. */
void add_foreign_key_names(const FormData_pg_constraint &constraint, Graph *graph) {
    auto *name = static_cast<ForeignKeyName *>(palloc0(sizeof(ForeignKeyName)));
    namestrcpy(&name->schema, get_namespace_name(get_rel_namespace(constraint.conrelid)));
    namestrcpy(&name->table, get_rel_name(constraint.conrelid));
    name->constraint = constraint.conname;
    name->next = graph->foreign_keys;
    graph->foreign_keys = name;

    List *children = inherited_constraints(constraint.oid);
    ListCell *cell = nullptr;
    foreach (cell, children) {
        add_foreign_key_names(read_constraint(lfirst_oid(cell)), graph);
    }
}

/** Where a column of the pair has a foreign key of its own, that key tells where users live. */
void describe_foreign_keys(Relation follow_table, Graph *graph) {
    List *foreign_keys = RelationGetFKeyList(follow_table);
    ListCell *cell = nullptr;
    foreach (cell, foreign_keys) {
        const auto *key = static_cast<ForeignKeyCacheInfo *>(lfirst(cell));
        const bool of_follower = key->conkey[0] == graph->follow.from.number;
        const bool of_following = key->conkey[0] == graph->follow.to.number;
        if (key->nkeys != 1 || (!of_follower && !of_following)) {
            continue;
        }
        const FormData_pg_constraint constraint = read_constraint(key->conoid);
        const bool repeats_for_a_partition_of_users = OidIsValid(constraint.conparentid);
        if (repeats_for_a_partition_of_users) {
            continue;
        }
        auto *user = static_cast<UserReference *>(palloc0(sizeof(UserReference)));
        user->users_table = key->confrelid;
        user->users_column = key->confkey[0];
        user->of_follower = of_follower;
        user->deferrable = constraint.condeferrable;
        user->next = graph->users;
        graph->users = user;
        add_foreign_key_names(constraint, graph);
    }
}

bool describe_created_at(Relation follow_table, const Column &remembered, Graph *graph, Defect *defect) {
    graph->created_at = "NULL::pg_catalog.timestamptz";
    const Form_pg_attribute attribute =
        NameStr(remembered.name)[0] == '\0' ? nullptr : find_column(follow_table, remembered);
    if (attribute == nullptr) {
        return true;
    }
    const char *name = quote_identifier(NameStr(attribute->attname));
    switch (attribute->atttypid) {
    case TIMESTAMPTZOID:
    case TIMESTAMPOID:
    case DATEOID:
        graph->created_at = psprintf("t.%s::pg_catalog.timestamptz", name);
        graph->created_at_number = attribute->attnum;
        return true;
    default:
        *defect = {ERRCODE_DATATYPE_MISMATCH,
                   psprintf("column %s of table %s is of type %s, which is no point in time", name,
                            qualified_name(graph->follow.relation), format_type_be(attribute->atttypid)),
                   "Name a column of type timestamptz as created_at_column, or NULL where there is none."};
        return false;
    }
}

} // namespace

bool describe_graph(Relation follow_table, Relation block_table, const CatalogRow &row, Graph *graph, Defect *defect) {
    if (!describe_pair_table(follow_table, row.follower, row.following, &graph->follow, defect) ||
        !describe_pair_table(block_table, row.blocker, row.blocked, &graph->block, defect)) {
        return false;
    }
    if (graph->follow.relation == graph->block.relation) {
        *defect = {ERRCODE_INVALID_OBJECT_DEFINITION,
                   psprintf("table %s can't hold both follows and blocks", qualified_name(graph->follow.relation)),
                   "Attach two tables."};
        return false;
    }
    if (graph->follow.owner != graph->block.owner) {
        *defect = {ERRCODE_INVALID_OBJECT_DEFINITION,
                   psprintf("tables %s and %s have different owners", qualified_name(graph->follow.relation),
                            qualified_name(graph->block.relation)),
                   "Give both to one role with ALTER TABLE ... OWNER TO."};
        return false;
    }
    describe_foreign_keys(follow_table, graph);
    return describe_created_at(follow_table, row.created_at, graph, defect);
}

Graph *open_graph(Oid function) {
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        AcceptInvalidationMessages();
        if (!is_usable(current)) {
            retire_current();
            build_current(function);
        }
        Graph *graph = current;
        LockRelationOid(graph->follow.relation, AccessShareLock);
        LockRelationOid(graph->block.relation, AccessShareLock);
        if (graph == current && is_usable(graph)) {
            return graph;
        }
    }
}

void watch_invalidations() {
    CacheRegisterRelcacheCallback(on_relation_change, 0);
    CacheRegisterSyscacheCallback(NAMESPACEOID, on_schema_change, 0);
}

} // namespace follow
