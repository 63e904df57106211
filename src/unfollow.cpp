#include "unfollow.h"

#include "edges.h"
#include "graph.h"
#include "pair_lock.h"
#include "writing.h"

namespace follow {

UnfollowStatus unfollow(Oid function, const Edge &edge) {
    Graph *graph = open_for_writing(function, Role::follow, ACL_DELETE);
    lock_pair(pair_of(edge), graph->follow.relation);
    graph = open_graph(function, {RowExclusiveLock, NoLock});
    return remove_edge(&graph->follow, edge) ? UnfollowStatus::unfollowed : UnfollowStatus::not_following;
}

} // namespace follow
