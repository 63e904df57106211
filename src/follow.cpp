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
EdgeRow find_repeated(PairTable *follows, const Edge &edge) {
    if (!have_policies(*follows)) {
        return find_edge(follows, edge, Rights::owner);
    }
    if (!may_select(*follows)) {
        return no_row;
    }
    const EdgeRow row = find_edge(follows, edge, Rights::caller);
    return row.look == Look::present && ask_policies(follows, edge) == Inserted::conflict ? row : no_row;
}

} // namespace

Followed follow(Oid function, const Edge &edge) {
    Graph *graph = open_for_writing(function, Role::follow, ACL_INSERT);
    const EdgeRow repeated = find_repeated(&graph->follow, edge);
    if (repeated.look == Look::present) {
        return {FollowStatus::already_following, repeated};
    }

    const bool waited = lock_pair(pair_of(edge), graph->follow.relation);
    graph = reopen_for_writing(function, Role::follow); // the wait may have been long
    const OnConflict on_conflict =
        waited || IsolationIsSerializable() ? OnConflict::look_and_give_way : OnConflict::give_way;
    const Stored stored = insert_once(graph, Role::follow, edge, on_conflict);
    return {stored.is_new ? FollowStatus::following : FollowStatus::already_following, stored.row};
}

} // namespace follow
