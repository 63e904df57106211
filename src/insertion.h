#pragma once

#include "graph.h"
#include "store.h"

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
 * @return the row, and whether this call made it
 * @note errors: PT403; PT404; 40001 at SERIALIZABLE; 09000 where a trigger or rule kept the row away
 */
Stored insert_once(const Store &store, Graph *graph, Role role, const Edge &edge);

/** 09000: a trigger or rule kept a row away. */
[[noreturn]] void raise_not_stored(const PairTable &table);

} // namespace follow
