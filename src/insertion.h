#pragma once

#include "edges.h"
#include "graph.h"

namespace follow {

struct Stored {
    bool is_new;
    EdgeRow row;
};

/**
 * Makes an edge be there, once, under its pair's lock: what a follow and a block have in common. A follow gives way to
 * a block in either direction.
 *
 * The caller's policies come before every look that the caller has no right to: whoever may not make the row learns
 * nothing, not even from what this transaction has read or locked.
 *
 * @param on_conflict whether the caller has looked for the edge since it holds the lock
 * @return the row, and whether this call made it
 * @note errors: PT403; PT404; 40001 at SERIALIZABLE; 09000 where a trigger or rule kept the row away
 */
Stored insert_once(Graph *graph, Role role, const Edge &edge, OnConflict on_conflict);

/** 09000: a trigger or rule kept a row away. */
[[noreturn]] void raise_not_stored(const PairTable &table);

} // namespace follow
