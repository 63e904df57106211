#pragma once

#include "graph.h"
#include "pair.h"
#include "prelude.h"
#include "status.h"

namespace follow {

/**
 * Makes one user block another and removes both follows between them, in one step: the operation behind block_user.
 * Where the block was there, a follow that slipped in beside it is removed too.
 *
 * @param function the running function of the extension
 * @param edge two different users: from blocks to
 * @note locks: ROW EXCLUSIVE on both tables, the pair's lock and the graph's (see lock_pair_for_block)
 * @note errors: those of open_graph and lock_pair_for_block; 42501 from the caller's rights or policies; PT404 where
 * one does not exist; 40001 at SERIALIZABLE; 09000 where a trigger or rule kept the block away or a follow in place
 */
BlockStatus block(Oid function, const Edge &edge);

/**
 * Ends a block and restores nothing: the operation behind unblock_user.
 *
 * @note locks: ROW EXCLUSIVE on the block table, ACCESS SHARE on the follow table, the pair's lock
 * @note errors: those of open_graph and lock_pair_for_unblock; 42501 from the caller's rights; 40001 at SERIALIZABLE
 */
UnblockStatus unblock(Oid function, const Edge &edge);

/**
 * Removes both follows of a pair that is blocked, as the tables' owner.
 *
 * @note errors: 09000 where a trigger kept one in place; 40001 at SERIALIZABLE
 */
void remove_follows(Graph *graph, const Edge &edge);

} // namespace follow
