#pragma once

#include "graph.h"
#include "prelude.h"

namespace follow {

/**
 * Warns of what a table of the graph lacks or lets others do, each warning with the statement that mends it: TRIGGER
 * granted to others, a column that no follow could fill.
 */
void advise(const Graph &graph, Relation table);

/**
 * Warns of follows between users of whom one has blocked the other. Counts as the tables' owner.
 *
 * @param graph both tables locked against writers
 */
void advise_on_blocked_follows(const Graph &graph);

} // namespace follow
