#include "follow.h"

#include "insertion.h"
#include "pair_lock.h"
#include "rights.h"
#include "writing.h"

#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<Followed> && std::is_trivially_destructible_v<Edge>);

namespace {

/**
 * Looks for a repeated follow without any lock, transaction id or WAL: nobody waits over a double tap. The row is
 * committed, and no block can stand beside it.
 *
 * Under row security the policy has to speak first, whether the edge exists or not. Where the caller sees the edge, the
 * policy is asked. Where the caller doesn't, only the way over the lock tells nothing.
 */
EdgeRow find_repeated(const Store &store, PairTable *follows, const Edge &edge) {
    constexpr EdgeRow not_found{Look::absent, false, 0};
    if (!have_policies(*follows)) {
        return store.find_edge(follows, edge, Rights::owner);
    }
    if (!may_select(*follows)) {
        return not_found;
    }
    const EdgeRow row = store.find_edge(follows, edge, Rights::caller);
    return row.look == Look::present && store.ask_policies(follows, edge) == Inserted::conflict ? row : not_found;
}

} // namespace

Followed follow(Oid function, const Edge &edge) {
    const Store &store = spi_store;
    Graph *graph = open_for_writing(function, Role::follow, ACL_INSERT);
    store.begin();
    const EdgeRow repeated = find_repeated(store, &graph->follow, edge);
    if (repeated.look == Look::present) {
        store.end();
        return {FollowStatus::already_following, repeated};
    }

    lock_pair(pair_of(edge), graph->follow.relation);
    graph = open_graph(function); // the wait may have been long
    const Stored stored = insert_once(store, graph, Role::follow, edge);
    store.end();
    return {stored.is_new ? FollowStatus::following : FollowStatus::already_following, stored.row};
}

} // namespace follow
