#pragma once

#include "pair.h"
#include "prelude.h"
#include "target.h"

namespace follow {

/**
 * Makes edges from one user to many, once each: the operation behind follow_users.
 *
 * @param function the running function of the extension
 * @param follower who follows
 * @param targets distinct and sorted by user; receives each status
 * @note locks: ROW EXCLUSIVE on the follow table, ACCESS SHARE on the block table; each pair's lock, or past the limit
 * the graph's (see lock_graph); FOR KEY SHARE on the users whose edges are inserted
 * @note errors: those of open_graph and lock_pair; 42501 from the caller's rights or policies, whatever the statuses
 * would have been, but for the follower among the targets; PT404 where the follower does not exist; 40001 at
 * SERIALIZABLE; 09000 where a trigger or rule kept a row away; whatever the table's own constraints and triggers raise
 */
void follow_many(Oid function, const Uuid &follower, Targets targets);

} // namespace follow
