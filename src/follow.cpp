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
            errdetail("An insert into table %s did not leave the row that it was given.", quoted_name(graph.follow)),
            errhint("Look for a trigger or a rule on the table that suppresses or changes rows."));
}

/**
 * Answers a repeated follow without any lock, transaction id or WAL: nobody waits over a double tap. The row is
 * committed, and no block can stand beside it.
 *
 * Under row security the policy has to speak first, whether the edge exists or not. Where the caller sees the edge, an
 * insert that gives way to it asks the policy. Where the caller doesn't, only the way over the lock tells nothing.
 *
 * @param inserted receives Inserted::yes in the rare case that the edge went away before that insert
 */
EdgeRow find_repeated(const Store &store, Graph *graph, const Edge &edge, Inserted *inserted) {
    constexpr EdgeRow not_found{Look::absent, false, 0};
    const bool policies_apply = have_policies(*graph);
    if (policies_apply && !may_select(*graph)) {
        return not_found;
    }
    const EdgeRow row = store.find_edge(graph, edge, policies_apply ? Rights::caller : Rights::owner);
    if (row.look != Look::present || !policies_apply) {
        return row;
    }
    *inserted = store.insert_edge(graph, edge, Look::absent, OnConflict::give_way);
    return *inserted == Inserted::conflict ? row : not_found;
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
Look look_for_changes(const Store &store, Graph *graph, const Edge &edge, Inserted inserted) {
    if (!IsolationIsSerializable()) {
        return Look::absent;
    }
    const bool seen_and_gone = inserted == Inserted::yes;
    return seen_and_gone ? Look::changed : store.find_edge(graph, edge, Rights::owner).look;
}

Followed follow_under_lock(const Store &store, Graph *graph, const Edge &edge, Inserted inserted) {
    const Look block = store.find_block(graph, edge);
    if (!have_policies(*graph)) {
        refuse_where_decided(block, Look::absent);
    }
    const Look before = look_for_changes(store, graph, edge, inserted);

    for (int attempt = 1; attempt <= last_attempt; attempt++) {
        CHECK_FOR_INTERRUPTS();
        if (inserted != Inserted::yes) {
            inserted = store.insert_edge(graph, edge, block,
                                         attempt == last_attempt ? OnConflict::fail : OnConflict::give_way);
        }
        refuse_where_decided(block, before);
        const EdgeRow row = store.find_edge(graph, edge, Rights::owner);
        refuse_where_decided(block, row.look);
        if (inserted == Inserted::yes && !store.users_exist(graph, edge)) {
            raise_no_such_user();
        }
        if (row.look == Look::present) {
            return {inserted == Inserted::yes ? FollowStatus::following : FollowStatus::already_following, row};
        }
        if (inserted == Inserted::yes) {
            break;
        }
    }
    raise_not_stored(*graph);
}

} // namespace

Followed follow(Oid function, const Edge &edge) {
    const Store &store = spi_store;
    Graph *graph = open_graph(function);
    require_insert(*graph);
    LockRelationOid(graph->follow.relation, RowExclusiveLock);

    store.begin();
    Inserted inserted = Inserted::conflict;
    const EdgeRow repeated = find_repeated(store, graph, edge, &inserted);
    if (repeated.look == Look::present) {
        store.end();
        return {FollowStatus::already_following, repeated};
    }

    lock_pair(pair_of(edge), graph->follow.relation);
    graph = open_graph(function); // the wait may have been long
    const Followed followed = follow_under_lock(store, graph, edge, inserted);
    store.end();
    return followed;
}

} // namespace follow
