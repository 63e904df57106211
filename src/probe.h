#pragma once

#include "pair_table.h"
#include "store.h"
#include "target.h"

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
 * Begins to look, for an operation that writes. As a statement of its own would, the look sees what the statements that
 * are under way have written so far.
 *
 * @param table locked
 * @note locks: ROW EXCLUSIVE on the index, so that an insert needs no other
 */
Probe begin_probe(const PairTable &table, View view);

/** Begins to look for what the calling statement sees. Locks: ACCESS SHARE on the index. */
Probe begin_reading_probe(const PairTable &table);

/** Looks for an edge; where there is one, its row is in the probe's slot. */
bool probe(Probe *probe, const Edge &edge);

/** Which end of an edge. */
enum class End { from, to };

/** A mark for each target, all false; palloc'd. */
bool *new_marks(Targets targets);

/**
 * Marks the targets at the other end of edges at whose one end the user is, at least those that are undecided.
 *
 * @param targets sorted by user
 * @param marks whoever has one already keeps it
 * @note locks: ACCESS SHARE on the index that leads to the user's edges (PairTable::index_from, index_to)
 */
void mark_others(Probe *probe, End user_is, const Uuid &user, Targets targets, bool *marks);

void end_probe(Probe *probe);

/** The row's time, as an answer tells it. */
EdgeRow row_in(const PairTable &table, TupleTableSlot *slot);

} // namespace follow
