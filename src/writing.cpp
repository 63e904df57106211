#include "writing.h"

#include "rights.h"
#include "transaction_lock.h"

namespace follow {

void lock_for_writing(Graph *graph, Role role, Writes writes) {
    const bool both = writes == Writes::both_tables;
    locking_for_transaction([graph, role, both] {
        if (both || role == Role::follow) {
            LockRelationOid(graph->follow.relation, RowExclusiveLock);
        }
        if (both || role == Role::block) {
            LockRelationOid(graph->block.relation, RowExclusiveLock);
        }
    });
}

/* While one waits for a table, another may take its place; and the pair's lock is the lock of a pair in one table. */
Graph *open_for_writing(Oid function, Role role, AclMode mode, Writes writes) {
    for (;;) {
        Graph *graph = open_graph(function, {NoLock, NoLock});
        require_right(*table_of(graph, role), mode);
        lock_for_writing(graph, role, writes);
        Graph *graph_now = open_graph(function, {NoLock, NoLock});
        if (graph_now == graph) {
            return graph_now;
        }
    }
}

Graph *reopen_for_writing(Oid function, Role role, Writes writes) {
    const bool both = writes == Writes::both_tables;
    return open_graph(function, {both || role == Role::follow ? RowExclusiveLock : AccessShareLock,
                                 both || role == Role::block ? RowExclusiveLock : AccessShareLock});
}

} // namespace follow
