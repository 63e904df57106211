#include "writing.h"

#include "rights.h"
#include "transaction_lock.h"

namespace follow {

namespace {

/** ROW EXCLUSIVE on what is written. */
TableLocks locks_to_write(Role role, Writes writes, LOCKMODE other) {
    const bool both = writes == Writes::both_tables;
    return {both || role == Role::follow ? RowExclusiveLock : other,
            both || role == Role::block ? RowExclusiveLock : other};
}

} // namespace

void lock_for_writing(Graph *graph, Role role, Writes writes) {
    const TableLocks locks = locks_to_write(role, writes, NoLock);
    locking_for_transaction([graph, locks] { lock_tables(*graph, locks); });
}

/* While one waits for a table, another may take its place; and the pair's lock is the lock of a pair in one table. */
Graph *open_for_writing(Oid function, Role role, AclMode mode, Writes writes) {
    for (;;) {
        Graph *graph = open_graph(function, {NoLock, NoLock});
        require_right(*table_of(graph, role), mode);
        lock_for_writing(graph, role, writes);
        Graph *graph_now = open_graph(function, {NoLock, NoLock});
        if (have_same_tables(*graph_now, *graph)) {
            require_right(*table_of(graph_now, role), mode);
            return graph_now;
        }
    }
}

Graph *reopen_for_writing(Oid function, Role role, Writes writes) {
    return open_graph(function, locks_to_write(role, writes, AccessShareLock));
}

} // namespace follow
