#pragma once

#include "pair_table.h"

namespace follow {

/**
 * Examines what the direct store needs to know of a table, and whether it is plain enough: whether what the store does
 * by itself is all that a statement would do. What is not gets a reason in `obstacles`.
 *
 * Everything here is dropped with the cached graph when the table, one of its indexes, or a function changes.
 *
 * @param relation the table, opened and locked, as describe_pair_table has found it usable
 * @param guard the function of the guards
 */
void describe_plainness(Relation relation, Oid guard, PairTable *table);

/** Which of a table's triggers call the guard. */
inline bool is_guard(const Trigger &trigger, const PairTable &table) {
    return OidIsValid(table.guard) && trigger.tgfoid == table.guard;
}

} // namespace follow
