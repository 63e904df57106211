#pragma once

#include "pair_table.h"
#include "probe.h"
#include "store.h"
#include "target.h"

namespace follow {

/** The store of plain tables: index probes and speculative inserts, without statements. */
extern const Store direct_store;

/**
 * Begins to look for edges as the calling statement sees them, with the caller's rights.
 *
 * @note errors: 42501
 */
Probe begin_reading(const PairTable &table);

/** As Store::insert, for the edges of targets that are undecided: those that were inserted are noted as guarded. */
void insert_rows(PairTable *table, const Uuid &from, Targets targets, OnConflict on_conflict);

/** Why the direct store does not serve: what stands in its way, or nullptr. */
const char *obstacle_to_direct(const PairTable &table, Access access, Rights rights);

} // namespace follow
