#include "follow.h"

#include "pair_lock.h"
#include "refusal.h"
#include "rights.h"

#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<Followed> && std::is_trivially_destructible_v<Edge>);

namespace {

/** After this many inserts that neither wrote a row nor met the pair's, it is no race: let the insert say why. */
constexpr int last_attempt = 3;

[[noreturn]] void raise_not_stored(const Graph &graph) {
    ereport(ERROR, errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION), errmsg("the follow was not stored"),
            errdetail("An insert into table %s did not leave the row that it was given.",
                      qualified_name(graph.follow.relation)),
            errhint("Look for a trigger or a rule on the table that suppresses or changes rows."));
}

/**
 * As open_graph, for a caller who may write, with the follow table locked for that. While one waits for the table,
 * another may take its place; and the pair's lock is the lock of a pair in one table.
 */
Graph *open_for_writing(Oid function) {
    for (;;) {
        const Graph *graph = open_graph(function);
        require_insert(*graph);
        LockRelationOid(graph->follow.relation, RowExclusiveLock);
        Graph *graph_now = open_graph(function);
        if (graph_now == graph) {
            return graph_now;
        }
    }
}

/**
 * Looks for a repeated follow without any lock, transaction id or WAL: nobody waits over a double tap. The row is
 * committed, and no block can stand beside it.
 *
 * Under row security the policy has to speak first, whether the edge exists or not. Where the caller sees the edge, the
 * policy is asked. Where the caller doesn't, only the way over the lock tells nothing.
 */
EdgeRow find_repeated(const Store &store, Graph *graph, const Edge &edge) {
    constexpr EdgeRow not_found{Look::absent, false, 0};
    if (!have_policies(*graph)) {
        return store.find_edge(graph, edge, Rights::owner);
    }
    if (!may_select(*graph)) {
        return not_found;
    }
    const EdgeRow row = store.find_edge(graph, edge, Rights::caller);
    return row.look == Look::present && store.ask_policies(graph, edge) ? row : not_found;
}

/** Raises what the looks under the lock decided, once the caller's policies have had their say. */
void refuse_where_decided(Look block, Look edge) {
    if (block == Look::present) {
        raise_blocked();
    }
    if (block == Look::changed || edge == Look::changed) {
        raise_serialization_failure();
    }
}

/** Whether the transaction's own snapshot is at odds with what is there now: a question for SERIALIZABLE alone. */
Look look_for_changes(const Store &store, Graph *graph, const Edge &edge) {
    return IsolationIsSerializable() ? store.find_edge(graph, edge, Rights::owner).look : Look::absent;
}

Followed follow_under_lock(const Store &store, Graph *graph, const Edge &edge) {
    const Look block = store.find_block(graph, edge);
    if (!have_policies(*graph)) {
        refuse_where_decided(block, Look::absent);
    }
    const Look before = look_for_changes(store, graph, edge);

    for (int attempt = 1; attempt <= last_attempt; attempt++) {
        CHECK_FOR_INTERRUPTS();
        const OnConflict on_conflict = attempt == last_attempt ? OnConflict::fail : OnConflict::give_way;
        const Inserted inserted = store.insert_edge(graph, edge, block, on_conflict);
        refuse_where_decided(block, before);
        const EdgeRow row = store.find_edge(graph, edge, Rights::owner);
        refuse_where_decided(block, row.look);

        if (inserted == Inserted::yes) {
            if (!store.users_exist(graph, edge, ForeignKeys::deferrable)) {
                raise_no_such_user();
            }
            if (row.look == Look::absent) {
                break;
            }
            return {FollowStatus::following, row};
        }
        if (row.look == Look::present) {
            return {FollowStatus::already_following, row};
        }
        if (inserted == Inserted::raced && !store.users_exist(graph, edge, ForeignKeys::all)) {
            raise_no_such_user();
        }
    }
    raise_not_stored(*graph);
}

} // namespace

Followed follow(Oid function, const Edge &edge) {
    const Store &store = spi_store;
    Graph *graph = open_for_writing(function);
    store.begin();
    const EdgeRow repeated = find_repeated(store, graph, edge);
    if (repeated.look == Look::present) {
        store.end();
        return {FollowStatus::already_following, repeated};
    }

    lock_pair(pair_of(edge), graph->follow.relation);
    graph = open_graph(function); // the wait may have been long
    const Followed followed = follow_under_lock(store, graph, edge);
    store.end();
    return followed;
}

} // namespace follow
