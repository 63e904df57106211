#include "block.h"

#include "edges.h"
#include "insertion.h"
#include "own_write.h"
#include "pair_lock.h"
#include "writing.h"

namespace follow {

/* The block's row comes first: the other order deadlocks with the deletion of a user. */
BlockStatus block(Oid function, const Edge &edge) {
    Graph *graph = open_for_writing(function, Role::block, ACL_INSERT, Writes::both_tables);
    lock_pair_for_block(pair_of(edge), graph->follow.relation);
    graph = reopen_for_writing(function, Role::block, Writes::both_tables);
    const Stored stored = insert_once(graph, Role::block, edge, OnConflict::look_and_give_way);
    remove_follows(graph, edge);
    return stored.is_new ? BlockStatus::blocked : BlockStatus::already_blocked;
}

UnblockStatus unblock(Oid function, const Edge &edge) {
    Graph *graph = open_for_writing(function, Role::block, ACL_DELETE);
    lock_pair_for_unblock(pair_of(edge), graph->follow.relation);
    graph = reopen_for_writing(function, Role::block);
    return remove_edge(&graph->block, edge) ? UnblockStatus::unblocked : UnblockStatus::not_blocked;
}

/* A follow of the pair that is under way further up the stack was decided before this block: its guard is to look. */
void remove_follows(Graph *graph, const Edge &edge) {
    forget_own_writes();
    remove_either(&graph->follow, edge);
    if (find_either(&graph->follow, edge) == Look::present) {
        ereport(
            ERROR, errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION), errmsg("a follow could not be removed"),
            errdetail("A delete from table %s left a row of the blocked pair.", qualified_name(graph->follow.relation)),
            errhint("Look for a trigger on the table that suppresses deletes."));
    }
}

} // namespace follow
