#pragma once

#include "store.h"

namespace follow {

struct Stored {
    bool is_new;
    EdgeRow row;
};

/**
 * Makes an edge be there, once, under its pair's lock: what a follow and a block have in common.
 *
 * @param block whether a block was found that forbids the edge; raised as soon as the caller's policies have spoken
 * @return the row, and whether this call made it
 * @note errors: PT403; PT404; 40001 at SERIALIZABLE; 09000 where a trigger or rule kept the row away
 */
Stored insert_once(const Store &store, PairTable *table, const Edge &edge, Look block);

/** 09000: a trigger or rule kept a row away. */
[[noreturn]] void raise_not_stored(const PairTable &table);

} // namespace follow
