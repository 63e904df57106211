#include "graph.h"

#include "guard_trigger.h"
#include "plain_table.h"

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
    for (const PairTable *table : {&graph->follow, &graph->block}) {
        if (list_member_oid(table->indexes, relation)) {
            return true;
        }
        for (const UserReference *user = table->users; user != nullptr; user = user->next) {
            if (relation == user->users_table) {
                return true;
            }
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

/** Whether the direct store serves depends on the language of what defaults and constraints call. */
void on_function_change(Datum /* argument */, int /* cache */, uint32 /* hash */) {
    if (current != nullptr) {
        current->stale = true;
    }
}

void free_plan(SPIPlanPtr plan) {
    if (plan != nullptr) {
        SPI_freeplan(plan);
    }
}

void free_plans(void *argument) {
    auto *graph = static_cast<Graph *>(argument);
    for (const PairTable *table : {&graph->follow, &graph->block}) {
        for (SPIPlanPtr plan : table->plans) {
            free_plan(plan);
        }
        for (const UserReference *user = table->users; user != nullptr; user = user->next) {
            free_plan(user->find_one);
            free_plan(user->find_many);
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

/**
 * Reads the catalog and examines the tables. `current` is set first, so that no invalidation is missed meanwhile.
 *
 * @return false where no graph is attached
 */
bool build_current(Oid function) {
    const Relation catalog = table_open(catalog_of_function(function), AccessShareLock);
    CatalogRow row{};
    if (!read_catalog(catalog, &row)) {
        table_close(catalog, NoLock);
        return false;
    }
    current = new_graph(RelationGetRelid(catalog));
    current->follow.relation = row.follow_table;
    current->block.relation = row.block_table;
    table_close(catalog, NoLock);

    const MemoryContext caller_context = MemoryContextSwitchTo(current->context);
    const Relation follow_table = open_attached(row.follow_table, "follow");
    const Relation block_table = open_attached(row.block_table, "block");
    Defect defect{};
    if (!describe_graph(function, follow_table, block_table, row, current, &defect)) {
        raise_unusable(defect);
    }
    table_close(block_table, NoLock);
    table_close(follow_table, NoLock);
    MemoryContextSwitchTo(caller_context);
    current->complete = true;
    return true;
}

void lock_table(const PairTable &table, LOCKMODE mode) {
    if (mode != NoLock) {
        LockRelationOid(table.relation, mode);
    }
}

/** Whether both users of each row are in a users table at any time. */
bool has_users(const PairTable &table, Oid users_table) {
    bool from = false;
    bool to = false;
    for (const UserReference *user = table.users; user != nullptr; user = user->next) {
        const bool holds = user->users_table == users_table && user->validated && !user->deferrable;
        from = from || (holds && user->of_from);
        to = to || (holds && !user->of_from);
    }
    return from && to;
}

/** Whether whoever is missing for a follow is missing for a block too. */
bool blocks_have_users(const Graph &graph) {
    for (const UserReference *user = graph.follow.users; user != nullptr; user = user->next) {
        if (!has_users(graph.block, user->users_table)) {
            return false;
        }
    }
    return true;
}

} // namespace

bool describe_graph(Oid function, Relation follow_table, Relation block_table, const CatalogRow &row, Graph *graph,
                    Defect *defect) {
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
    if (graph->follow.deletes_rewritten) {
        *defect = {ERRCODE_INVALID_OBJECT_DEFINITION,
                   psprintf("table %s has a rule for DELETE", qualified_name(graph->follow.relation)),
                   "A block must be able to remove follows. Put a trigger in the place of the rule."};
        return false;
    }
    describe_foreign_keys(follow_table, &graph->follow);
    describe_foreign_keys(block_table, &graph->block);
    const Oid guard = guard_function(function);
    describe_plainness(follow_table, guard, &graph->follow);
    describe_plainness(block_table, guard, &graph->block);
    graph->blocks_have_users = blocks_have_users(*graph);
    return describe_created_at(follow_table, row.created_at, &graph->follow, defect);
}

bool have_same_tables(const Graph &a, const Graph &b) {
    return a.follow.relation == b.follow.relation && a.block.relation == b.block.relation;
}

void lock_tables(const Graph &graph, TableLocks locks) {
    lock_table(graph.follow, locks.follow);
    lock_table(graph.block, locks.block);
}

Graph *open_graph(Oid function, TableLocks locks) {
    Graph *graph = open_graph_if_attached(function, locks);
    if (graph == nullptr) {
        raise_no_graph();
    }
    return graph;
}

/*
 * What was examined while the locks were held is no more out of date, whatever is said of the tables meanwhile, than if
 * that were said right afterwards: who changes more than those locks allow waits for them.
 */
Graph *open_graph_if_attached(Oid function, TableLocks locks) {
    const Graph *before = nullptr;
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        AcceptInvalidationMessages();
        if (!is_usable(current)) {
            retire_current();
            if (!build_current(function)) {
                return nullptr;
            }
            if (before != nullptr && have_same_tables(*before, *current)) {
                return current;
            }
        }
        Graph *graph = current;
        lock_tables(*graph, locks);
        if (graph == current && is_usable(graph)) {
            return graph;
        }
        before = graph;
    }
}

void watch_invalidations() {
    CacheRegisterRelcacheCallback(on_relation_change, 0);
    CacheRegisterSyscacheCallback(PROCOID, on_function_change, Datum{0});
}

} // namespace follow
