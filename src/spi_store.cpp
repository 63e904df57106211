#include "acting_owner.h"
#include "refusal.h"
#include "store.h"

#include <array>
#include <cstring>
#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<EdgeRow>);

namespace {

using Arguments = std::array<Datum, 2>;

Arguments arguments_of(const Edge &edge) {
    return {PointerGetDatum(edge.follower.bytes.data()), PointerGetDatum(edge.following.bytes.data())};
}

/*
 * Every name is qualified and every operator named with its schema, so that the text means the same under every
 * search_path. No statement of the caller's names an arbiter or returns a row: either would need SELECT.
 *
 * A text names a table, but a graph is tables: schemas are renamed without a lock that we could hold against it, and
 * then the name may lead to what somebody else has put there. So names are read at the last moment, a plan is used only
 * while nothing has invalidated it, and what a text was understood to mean is checked before it is run (see prepare).
 */

const char *find_edge_text(const Graph &graph) {
    const PairTable &follow = graph.follow;
    return psprintf("SELECT %s FROM %s%s t WHERE t.%s OPERATOR(pg_catalog.=) $1 AND t.%s OPERATOR(pg_catalog.=) $2",
                    graph.created_at, follow.partitioned ? "" : "ONLY ", qualified_name(follow.relation),
                    quote_identifier(NameStr(follow.from.name)), quote_identifier(NameStr(follow.to.name)));
}

const char *find_block_text(const Graph &graph) {
    const PairTable &block = graph.block;
    const char *from = quote_identifier(NameStr(block.from.name));
    const char *to = quote_identifier(NameStr(block.to.name));
    const char *one_direction =
        "EXISTS (SELECT FROM %s%s t WHERE t.%s OPERATOR(pg_catalog.=) $%d AND t.%s OPERATOR(pg_catalog.=) $%d)";
    const char *only = block.partitioned ? "" : "ONLY ";
    return psprintf("SELECT WHERE %s OR %s",
                    psprintf(one_direction, only, qualified_name(block.relation), from, 1, to, 2),
                    psprintf(one_direction, only, qualified_name(block.relation), from, 2, to, 1));
}

const char *insert_edge_text(const Graph &graph, OnConflict on_conflict) {
    const PairTable &follow = graph.follow;
    return psprintf("INSERT INTO %s (%s, %s) VALUES ($1, $2)%s", qualified_name(follow.relation),
                    quote_identifier(NameStr(follow.from.name)), quote_identifier(NameStr(follow.to.name)),
                    on_conflict == OnConflict::give_way ? " ON CONFLICT DO NOTHING" : "");
}

const char *find_user_text(const UserReference &user) {
    return psprintf(
        "SELECT FROM %s t WHERE t.%s OPERATOR(pg_catalog.=) $%d FOR KEY SHARE OF t", qualified_name(user.users_table),
        quote_identifier(get_attname(user.users_table, user.users_column, false)), user.of_follower ? 1 : 2);
}

const char *text_of(const Graph &graph, Statement statement) {
    switch (statement) {
    case Statement::find_edge_as_caller:
    case Statement::find_edge_as_owner:
        return find_edge_text(graph);
    case Statement::find_block:
        return find_block_text(graph);
    case Statement::insert_edge:
        return insert_edge_text(graph, OnConflict::give_way);
    case Statement::insert_edge_or_fail:
        return insert_edge_text(graph, OnConflict::fail);
    }
    pg_unreachable();
}

/** What a statement may refer to: a look to its table alone, an insert to whatever policies and rules make of it. */
enum class Reach { this_table, this_table_and_more, anything };

bool means(SPIPlanPtr plan, Oid relation, Reach reach) {
    if (reach == Reach::anything) {
        return true;
    }
    ListCell *source_cell = nullptr;
    foreach (source_cell, SPI_plan_get_plan_sources(plan)) {
        const List *relations = static_cast<CachedPlanSource *>(lfirst(source_cell))->relationOids;
        if (reach == Reach::this_table_and_more) {
            return list_member_oid(relations, relation);
        }
        ListCell *cell = nullptr;
        foreach (cell, relations) {
            if (lfirst_oid(cell) != relation) {
                return false;
            }
        }
    }
    return true;
}

/** Plans a text, and makes sure that it was understood to mean the relation whose name it has. */
SPIPlanPtr prepare(const char *text, Oid relation, Reach reach) {
    std::array<Oid, 2> types{UUIDOID, UUIDOID};
    const SPIPlanPtr plan = SPI_prepare(text, types.size(), types.data());
    if (plan == nullptr) {
        elog(ERROR, "SPI_prepare failed for \"%s\": %s", text, SPI_result_code_string(SPI_result));
    }
    if (!means(plan, relation, reach)) {
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("a table of the follow graph was renamed meanwhile"), errhint("Call again."));
    }
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

/** Forgets a plan that would be made anew from its text, in which names may have changed their meaning. */
bool is_usable(SPIPlanPtr *plan) {
    if (*plan != nullptr && !SPI_plan_is_valid(*plan)) {
        free_at_end_of_transaction(*plan);
        *plan = nullptr;
    }
    return *plan != nullptr;
}

Reach reach_of(const Graph &graph, Statement statement) {
    switch (statement) {
    case Statement::find_edge_as_owner:
    case Statement::find_block:
        return Reach::this_table;
    case Statement::find_edge_as_caller:
        return Reach::this_table_and_more;
    case Statement::insert_edge:
    case Statement::insert_edge_or_fail:
        return graph.follow.rewritten ? Reach::anything : Reach::this_table_and_more;
    }
    pg_unreachable();
}

SPIPlanPtr plan_of(Graph *graph, Statement statement) {
    SPIPlanPtr *plan = &graph->plans[static_cast<std::size_t>(statement)];
    if (!is_usable(plan)) {
        const Oid relation = statement == Statement::find_block ? graph->block.relation : graph->follow.relation;
        *plan = prepare(text_of(*graph, statement), relation, reach_of(*graph, statement));
    }
    return *plan;
}

/** @return the number of rows found or written */
uint64 execute(SPIPlanPtr plan, const Edge &edge, Snapshot snapshot) {
    Arguments arguments = arguments_of(edge);
    const int result = SPI_execute_snapshot(plan, arguments.data(), nullptr, snapshot, InvalidSnapshot, false, true, 0);
    if (result < 0) {
        elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(result));
    }
    return SPI_processed;
}

void begin() {
    if (SPI_connect() != SPI_OK_CONNECT) {
        elog(ERROR, "SPI_connect failed");
    }
}

void end() {
    SPI_finish();
}

EdgeRow edge_seen(SPIPlanPtr plan, const Edge &edge, Snapshot snapshot) {
    if (execute(plan, edge, snapshot) == 0) {
        return {Look::absent, false, 0};
    }
    bool null = false;
    const Datum created_at = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null);
    return {Look::present, !null, null ? 0 : DatumGetTimestampTz(created_at)};
}

EdgeRow look_for_edge(SPIPlanPtr plan, const Edge &edge) {
    EdgeRow latest = edge_seen(plan, edge, GetLatestSnapshot());
    if (IsolationIsSerializable() && latest != edge_seen(plan, edge, GetTransactionSnapshot())) {
        latest.look = Look::changed;
    }
    return latest;
}

EdgeRow find_edge(Graph *graph, const Edge &edge, Rights rights) {
    if (rights == Rights::caller) {
        return look_for_edge(plan_of(graph, Statement::find_edge_as_caller), edge);
    }
    const ActingOwner acting = begin_acting(graph->follow.owner, graph->follow.schema);
    const EdgeRow row = look_for_edge(plan_of(graph, Statement::find_edge_as_owner), edge);
    end_acting(acting);
    return row;
}

Look look_for_block(SPIPlanPtr plan, const Edge &edge) {
    const bool in_latest = execute(plan, edge, GetLatestSnapshot()) > 0;
    const bool in_transaction =
        IsolationIsSerializable() ? execute(plan, edge, GetTransactionSnapshot()) > 0 : in_latest;
    return agree(in_transaction, in_latest);
}

Look find_block(Graph *graph, const Edge &edge) {
    const ActingOwner acting = begin_acting(graph->block.owner, graph->block.schema);
    const Look found = look_for_block(plan_of(graph, Statement::find_block), edge);
    end_acting(acting);
    return found;
}

/**
 * Which snapshot a write judges by what others did. At REPEATABLE READ the latest: a repeated follow is no error there,
 * and a user who was deleted since is not there. At SERIALIZABLE the transaction's own, with the 40001 that it brings.
 */
Snapshot write_snapshot() {
    return IsolationIsSerializable() ? InvalidSnapshot : GetLatestSnapshot();
}

bool user_exists(UserReference *user, const Edge &edge) {
    const Relation users = table_open(user->users_table, RowShareLock);
    const ActingOwner acting = begin_acting(users->rd_rel->relowner, RelationGetNamespace(users));
    if (!is_usable(&user->plan)) {
        user->plan = prepare(find_user_text(*user), user->users_table, Reach::this_table);
    }
    const bool exists = execute(user->plan, edge, write_snapshot()) > 0;
    end_acting(acting);
    table_close(users, NoLock);
    return exists;
}

bool users_exist(Graph *graph, const Edge &edge, ForeignKeys keys) {
    for (UserReference *user = graph->users; user != nullptr; user = user->next) {
        const bool asked_for = keys == ForeignKeys::all || user->deferrable;
        if (asked_for && !user_exists(user, edge)) {
            return false;
        }
    }
    return true;
}

bool same(const char *reported, const NameData &name) {
    return reported != nullptr && strcmp(reported, NameStr(name)) == 0;
}

/** Whether the error is one of the graph's own foreign keys, not one of another table that a trigger wrote to. */
bool is_missing_user(const Graph &graph, const ErrorData &error) {
    if (error.sqlerrcode != ERRCODE_FOREIGN_KEY_VIOLATION) {
        return false;
    }
    for (const ForeignKeyName *key = graph.foreign_keys; key != nullptr; key = key->next) {
        if (same(error.constraint_name, key->constraint) && same(error.table_name, key->table) &&
            same(error.schema_name, key->schema)) {
            return true;
        }
    }
    return false;
}

/** Inserts, and turns the foreign key's refusal into the answer that the caller of follow_user understands. */
Inserted insert_or_refuse(Graph *graph, const Edge &edge, Look block, SPIPlanPtr plan) {
    const MemoryContext context = CurrentMemoryContext;
    volatile uint64 inserted = 0;
    PG_TRY();
    { inserted = execute(plan, edge, write_snapshot()); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        ErrorData *error = CopyErrorData();
        if (is_missing_user(*graph, *error)) {
            FlushErrorState();
            if (block == Look::present) {
                raise_blocked();
            }
            raise_no_such_user();
        }
        if (error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE && error->hint == nullptr) {
            FlushErrorState();
            error->hint = pstrdup(retry_hint);
            ReThrowError(error);
        }
        PG_RE_THROW();
    }
    PG_END_TRY();
    return inserted > 0 ? Inserted::yes : Inserted::conflict;
}

/**
 * Whether another look may tell more than the error: at REPEATABLE READ a row came in between the insert's snapshot and
 * its check for conflicts (40001); or, where ON CONFLICT is not possible, a row stands there already (23505).
 */
bool is_race(const ErrorData &error) {
    if (error.sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE) {
        return XactIsoLevel == XACT_REPEATABLE_READ;
    }
    return error.sqlerrcode == ERRCODE_UNIQUE_VIOLATION;
}

/** What a subtransaction does with a row that it did insert. */
enum class Row { keep, take_back };

/** As insert_or_refuse, in a subtransaction that takes a lost race back. */
Inserted insert_in_subtransaction(Graph *graph, const Edge &edge, Look block, SPIPlanPtr plan, Row row) {
    const MemoryContext context = CurrentMemoryContext;
    const ResourceOwner owner = CurrentResourceOwner;
    volatile Inserted inserted = Inserted::raced;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context);
    PG_TRY();
    {
        inserted = insert_or_refuse(graph, edge, block, plan);
        if (row == Row::take_back && inserted == Inserted::yes) {
            RollbackAndReleaseCurrentSubTransaction();
        } else {
            ReleaseCurrentSubTransaction();
        }
        MemoryContextSwitchTo(context);
        CurrentResourceOwner = owner;
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        ErrorData *error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        MemoryContextSwitchTo(context);
        CurrentResourceOwner = owner;
        if (!is_race(*error)) {
            ReThrowError(error);
        }
        FreeErrorData(error);
        inserted = Inserted::raced;
    }
    PG_END_TRY();
    return inserted;
}

SPIPlanPtr giving_way_plan(Graph *graph) {
    return plan_of(graph, graph->follow.rewritten ? Statement::insert_edge_or_fail : Statement::insert_edge);
}

bool ask_policies(Graph *graph, const Edge &edge) {
    const SPIPlanPtr plan = giving_way_plan(graph);
    return insert_in_subtransaction(graph, edge, Look::absent, plan, Row::take_back) == Inserted::conflict;
}

Inserted insert_edge(Graph *graph, const Edge &edge, Look block, OnConflict on_conflict) {
    if (on_conflict == OnConflict::fail) {
        return insert_or_refuse(graph, edge, block, plan_of(graph, Statement::insert_edge_or_fail));
    }
    const SPIPlanPtr plan = giving_way_plan(graph);
    if (graph->follow.rewritten || XactIsoLevel == XACT_REPEATABLE_READ) {
        return insert_in_subtransaction(graph, edge, block, plan, Row::keep);
    }
    return insert_or_refuse(graph, edge, block, plan);
}

} // namespace

const Store spi_store = {begin, end, find_edge, find_block, users_exist, ask_policies, insert_edge};

} // namespace follow
