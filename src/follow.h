#pragma once

#include "pair.h"
#include "prelude.h"
#include "status.h"
#include "store.h"

namespace follow {

struct Followed {
    FollowStatus status;
    EdgeRow row;
};

/**
 * Makes an edge, once: the operation behind follow_user.
 *
 * @param function the running function of the extension
 * @param edge two different users
 * @return whether the edge is new, and its row
 * @note locks: ROW EXCLUSIVE on the follow table, ACCESS SHARE on the block table; unless the edge was there, the
 * pair's lock (see lock_pair)
 * @note errors: those of open_graph and lock_pair; 42501 from the caller's rights or policies; PT403 where either user
 * has blocked the other; PT404 where one does not exist; 40001 at SERIALIZABLE; 09000 where a trigger or rule kept the
 * row away; whatever the table's own constraints and triggers raise
 */
Followed follow(Oid function, const Edge &edge);

} // namespace follow
