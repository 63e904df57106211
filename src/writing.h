#pragma once

#include "graph.h"

namespace follow {

/** Which tables an operation writes. */
enum class Writes { one_table, both_tables };

/**
 * As open_graph, for a caller who may write, with what is written locked for that, and only that.
 *
 * @param role the table that the caller writes
 * @param mode ACL_INSERT or ACL_DELETE (see require_right)
 * @note locks: ROW EXCLUSIVE on that table, or on both
 */
Graph *open_for_writing(Oid function, Role role, AclMode mode, Writes writes = Writes::one_table);

/**
 * As open_graph, after a wait for a pair's lock: with what is written locked as before, and the other table in ACCESS
 * SHARE.
 */
Graph *reopen_for_writing(Oid function, Role role, Writes writes = Writes::one_table);

/** Locks in ROW EXCLUSIVE what is written. */
void lock_for_writing(Graph *graph, Role role, Writes writes);

} // namespace follow
