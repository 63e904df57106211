#pragma once

#include "graph.h"

namespace follow {

/*
 * Follows between users of whom one has blocked the other: what tables can hold that were written without guards.
 * Looked for and removed as the tables' owner. To be called with both tables locked against writers.
 */

/** Warns of them, with the statement that removes them. */
void advise_on_blocked_follows(const Graph &graph);

/** Deletes them. */
void remove_blocked_follows(const Graph &graph);

} // namespace follow
