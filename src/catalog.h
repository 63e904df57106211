#pragma once

#include "pair_table.h"

namespace follow {

/** A row of follow_graph: which tables and columns hold a graph, as they were when they were attached. */
struct CatalogRow {
    Oid follow_table;
    Column follower;
    Column following;
    /** An empty name where the follow table has no such column. */
    Column created_at;
    Oid block_table;
    Column blocker;
    Column blocked;
};

/**
 * Finds the extension's catalog table next to the function that is running.
 *
 * @param function a function of the extension
 */
Oid catalog_of_function(Oid function);

/** Reads a row of the catalog table. */
CatalogRow catalog_row(HeapTuple tuple, TupleDesc descriptor);

/**
 * Gives a row that is being restored the numbers that its columns have here: they shift where the table had a dropped
 * column. A name that no column has gets the number 0, so that no neighbour is taken for it.
 */
HeapTuple renumber_columns(HeapTuple tuple, TupleDesc descriptor);

/**
 * Reads the graph's row through the latest snapshot, whatever the transaction's own snapshot still shows.
 *
 * @param catalog the catalog table, opened and locked
 * @param row receives the row
 * @return whether there is one
 */
bool read_catalog(Relation catalog, CatalogRow *row);

/**
 * Puts `row` in the place of the graph's row, or nothing where `row` is nullptr, and tells every session when the
 * transaction commits. Rights are the caller's business: nobody has write rights on the catalog.
 *
 * @param catalog the catalog table, locked in ShareRowExclusiveLock, so that nobody else is writing it
 */
void write_catalog(Relation catalog, const CatalogRow *row);

} // namespace follow
