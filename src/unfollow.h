#pragma once

#include "pair.h"
#include "prelude.h"
#include "status.h"

namespace follow {

/**
 * Ends an edge: the operation behind unfollow_user and remove_follower.
 *
 * @param function the running function of the extension
 * @param edge two different users
 * @note locks: ROW EXCLUSIVE on the follow table, the pair's lock (see lock_pair)
 * @note errors: those of open_graph and lock_pair; 42501 from the caller's rights; 40001 at SERIALIZABLE
 */
UnfollowStatus unfollow(Oid function, const Edge &edge);

} // namespace follow
