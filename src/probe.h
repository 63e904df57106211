#pragma once

#include "pair_table.h"
#include "store.h"

namespace follow {

/*
 * Looks for edges through the arbiter index, without a statement: the direct store's look. One probe serves many edges,
 * under one snapshot.
 */
struct Probe {
    const PairTable *table;
    Relation relation;
    Relation index;
    Snapshot snapshot;
    IndexScanDesc scan;
    /** The row of the edge that was found last; nullptr before any was. */
    TupleTableSlot *slot;
};

/**
 * Begins to look through a snapshot.
 *
 * @param table locked
 * @param index_lock the mode for the index; ROW EXCLUSIVE before a write, which then needs no lock of its own
 */
Probe begin_probe(const PairTable &table, Snapshot snapshot, LOCKMODE index_lock);

/** Looks for an edge; where there is one, its row is in the probe's slot. */
bool probe(Probe *probe, const Edge &edge);

void end_probe(Probe *probe);

/** The row's time, as an answer tells it. */
EdgeRow row_in(const PairTable &table, TupleTableSlot *slot);

} // namespace follow
