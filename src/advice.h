#pragma once

#include "graph.h"
#include "prelude.h"

namespace follow {

/**
 * Warns of what the tables of a graph lack or let others do, each warning with the statement that mends it: TRIGGER
 * granted to others, a column that no insert could fill, an index or a policy without which an operation can't do well.
 */
void advise(const Graph &graph, Relation follow_table, Relation block_table);

/** Warns of what is not promised where the guards are left off. */
void advise_without_guards();

} // namespace follow
