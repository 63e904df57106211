#pragma once

#include "graph.h"
#include "prelude.h"

namespace follow {

/**
 * Requires of the caller what a plain INSERT of an edge would: USAGE on the schema, and INSERT on the follow table or
 * on both columns of the pair. Asked before anything else, so that who may not follow learns nothing and locks nothing.
 *
 * @note errors: 42501
 */
void require_insert(const Graph &graph);

/** Whether the caller may read what find_edge reads. */
bool may_select(const Graph &graph);

/** Whether row security applies to the caller on the follow table. */
bool have_policies(const Graph &graph);

} // namespace follow
