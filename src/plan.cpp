#include "plan.h"

namespace follow {

namespace {

/**
 * Whether a query, policies aside, is about these tables and no view or other table in their place. The query has been
 * rewritten: a view leaves its own entry beside what it stands for, and policies stand in sublinks.
 */
bool is_about(const Query *query, Tables tables) {
    ListCell *cell = nullptr;
    foreach (cell, query->rtable) {
        const auto *entry = static_cast<RangeTblEntry *>(lfirst(cell));
        const bool other = OidIsValid(entry->relid) && entry->relid != tables.one && entry->relid != tables.other;
        if (other || (entry->rtekind == RTE_SUBQUERY && !is_about(entry->subquery, tables))) {
            return false;
        }
    }
    return true;
}

bool is_about(const CachedPlanSource *source, Tables tables) {
    ListCell *cell = nullptr;
    foreach (cell, source->query_list) {
        if (!is_about(static_cast<Query *>(lfirst(cell)), tables)) {
            return false;
        }
    }
    return true;
}

/** Whether everything that a query reaches, sublinks too, is one of these tables. */
bool reaches_only(const CachedPlanSource *source, Tables tables) {
    ListCell *cell = nullptr;
    foreach (cell, source->relationOids) {
        if (lfirst_oid(cell) != tables.one && lfirst_oid(cell) != tables.other) {
            return false;
        }
    }
    return true;
}

/** Where rules make other queries of a text, no more can be asked than that the table is among what they reach. */
bool means(SPIPlanPtr plan, Tables tables, Reach reach) {
    ListCell *cell = nullptr;
    foreach (cell, SPI_plan_get_plan_sources(plan)) {
        const auto *source = static_cast<CachedPlanSource *>(lfirst(cell));
        const bool as_told = reach == Reach::this_table ? reaches_only(source, tables)
                             : reach == Reach::this_table_and_more
                                 ? is_about(source, tables)
                                 : source->query_list == NIL || list_member_oid(source->relationOids, tables.one);
        if (!as_told) {
            return false;
        }
    }
    return true;
}

[[noreturn]] void raise_renamed() {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("a table of the follow graph was renamed meanwhile"), errhint("Call again."));
}

/** Prepares a text, to be planned once, and makes sure that it was understood to mean the relations whose names it has.
 */
SPIPlanPtr prepare(const char *text, Parameters parameters, Tables tables, Reach reach) {
    const SPIPlanPtr plan =
        SPI_prepare_cursor(text, parameters.count, const_cast<Oid *>(parameters.types), CURSOR_OPT_GENERIC_PLAN);
    if (plan == nullptr) {
        elog(ERROR, "SPI_prepare_cursor failed for \"%s\": %s", text, SPI_result_code_string(SPI_result));
    }
    if (!means(plan, tables, reach)) {
        raise_renamed();
    }
    return plan;
}

SPIPlanPtr prepare_to_keep(const char *text, Parameters parameters, Oid relation, Reach reach) {
    const SPIPlanPtr plan = prepare(text, parameters, {relation, relation}, reach);
    SPI_keepplan(plan);
    return plan;
}

void free_plan(void *plan) {
    SPI_freeplan(static_cast<SPIPlanPtr>(plan));
}

/** Not at once: further up the stack, a call whose trigger called us may be running it. */
void free_at_end_of_transaction(SPIPlanPtr plan) {
    auto *callback = static_cast<MemoryContextCallback *>(
        MemoryContextAllocZero(TopTransactionContext, sizeof(MemoryContextCallback)));
    callback->func = free_plan;
    callback->arg = plan;
    MemoryContextRegisterResetCallback(TopTransactionContext, callback);
}

/** Forgets a plan that would be made anew from its text. */
bool is_usable(SPIPlanPtr *plan) {
    if (*plan != nullptr && !SPI_plan_is_valid(*plan)) {
        free_at_end_of_transaction(*plan);
        *plan = nullptr;
    }
    return *plan != nullptr;
}

const char *find_user_text(const UserReference &user, const char *condition) {
    return psprintf("SELECT t.%1$s FROM %2$s t WHERE t.%1$s OPERATOR(pg_catalog.=) %3$s FOR KEY SHARE OF t",
                    quote_identifier(get_attname(user.users_table, user.users_column, false)),
                    qualified_name(user.users_table), condition);
}

/** A relation, and what belongs to it: partitions are locked when a plan is run. */
void lock_with_partitions(Oid relation, LOCKMODE mode) {
    LockRelationOid(relation, mode);
    if (get_rel_relkind(relation) != '\0' && has_subclass(relation)) {
        list_free(find_all_inheritors(relation, mode, nullptr));
    }
}

void lock_relations(const List *relations, Oid relation, LOCKMODE mode) {
    ListCell *cell = nullptr;
    foreach (cell, relations) {
        lock_with_partitions(lfirst_oid(cell), lfirst_oid(cell) == relation ? mode : AccessShareLock);
    }
}

/**
 * Takes the locks that running a plan takes: of what its query names, and of what functions name that the planner has
 * put in their own place. Whoever waits for a lock hears of invalidations, and would then make the plan anew from its
 * text, in which somebody may have put another table in the place of a name meanwhile.
 */
void lock_reached(SPIPlanPtr plan, Oid relation, LOCKMODE mode) {
    ListCell *source_cell = nullptr;
    foreach (source_cell, SPI_plan_get_plan_sources(plan)) {
        const auto *source = static_cast<CachedPlanSource *>(lfirst(source_cell));
        lock_relations(source->relationOids, relation, mode);
        ListCell *statement = nullptr;
        foreach (statement, source->gplan == nullptr ? NIL : source->gplan->stmt_list) {
            lock_relations(lfirst_node(PlannedStmt, statement)->relationOids, relation, mode);
        }
    }
}

/** Gives a plan that is valid and will stay so until it runs. `prepare` makes one with the names of the moment. */
template <typename Prepare> SPIPlanPtr settle(SPIPlanPtr *plan, Oid relation, LOCKMODE mode, Prepare prepare) {
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        if (*plan != nullptr) {
            lock_reached(*plan, relation, mode);
        }
        if (is_usable(plan)) {
            return *plan;
        }
        *plan = prepare();
    }
}

LOCKMODE mode_of(Statement statement) {
    const bool removes = statement == Statement::remove || statement == Statement::remove_either;
    return removes ? RowExclusiveLock : AccessShareLock;
}

} // namespace

SPIPlanPtr plan_of(PairTable *table, Statement statement) {
    return settle(&table->plans[static_cast<std::size_t>(statement)], table->relation, mode_of(statement), [&] {
        return prepare_to_keep(text_of(*table, statement), parameters_of(statement), table->relation,
                               reach_of(*table, statement));
    });
}

SPIPlanPtr plan_over(Tables tables, const char *text) {
    const SPIPlanPtr plan = prepare(text, {nullptr, 0}, tables, Reach::this_table);
    lock_reached(plan, InvalidOid, AccessShareLock);
    if (!SPI_plan_is_valid(plan)) {
        raise_renamed();
    }
    return plan;
}

SPIPlanPtr find_one_user_plan(UserReference *user) {
    return settle(&user->find_one, user->users_table, RowShareLock, [user] {
        return prepare_to_keep(find_user_text(*user, user->of_from ? "$1" : "$2"), parameters_of(Statement::probe),
                               user->users_table, Reach::this_table);
    });
}

SPIPlanPtr find_many_users_plan(UserReference *user) {
    return settle(&user->find_many, user->users_table, RowShareLock, [user] {
        return prepare_to_keep(find_user_text(*user, "ANY ($2)"), parameters_of(Statement::find_many),
                               user->users_table, Reach::this_table);
    });
}

uint64 run_plan(SPIPlanPtr plan, Datum *values, const char *nulls, Snapshot snapshot, Snapshot crosscheck) {
    const int result = SPI_execute_snapshot(plan, values, nulls, snapshot, crosscheck, false, true, 0);
    if (result < 0) {
        elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(result));
    }
    return SPI_processed;
}

uint64 read_plan(SPIPlanPtr plan, Datum *values, const char *nulls) {
    const int result = SPI_execute_plan(plan, values, nulls, true, 0);
    if (result < 0) {
        elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
    }
    return SPI_processed;
}

} // namespace follow
