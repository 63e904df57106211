#include "unfollow.h"

#include "pair_lock.h"
#include "store.h"
#include "writing.h"

namespace follow {

UnfollowStatus unfollow(Oid function, const Edge &edge) {
    const Store &store = spi_store;
    Graph *graph = open_for_writing(function, Role::follow, ACL_DELETE);
    lock_pair(pair_of(edge), graph->follow.relation);
    graph = open_graph(function);
    store.begin();
    const bool removed = store.remove_edge(&graph->follow, edge);
    store.end();
    return removed ? UnfollowStatus::unfollowed : UnfollowStatus::not_following;
}

} // namespace follow
