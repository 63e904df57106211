#pragma once

#include "pair_table.h"
#include "store.h"
#include "target.h"

namespace follow {

/** The store of plain tables: index probes and speculative inserts, without statements. */
extern const Store direct_store;

/** As Store::insert, for the edges of targets that are undecided: an own write that was made is noted as guarded. */
void insert_rows(PairTable *table, const Uuid &from, Targets targets, OnConflict on_conflict);

/** Why the direct store does not serve: what stands in its way, or nullptr. */
const char *obstacle_to_direct(const PairTable &table, Access access, Rights rights);

} // namespace follow
