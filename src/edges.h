#pragma once

#include "store.h"

namespace follow {

/*
 * Edges, as operations find, make and remove them: what a table's store does, and what the isolation level asks for
 * beside it.
 *
 * Every look uses a snapshot of its own, taken when it is called. At SERIALIZABLE it looks through the transaction's
 * snapshot too, since what a newer snapshot reads is not tracked, and says Look::changed where the two differ.
 */

/** Which of the table's foreign keys: all, or those that may be checked as late as at commit. */
enum class ForeignKeys { all, deferrable };

/** What an insert does where a foreign key misses a user: raise PT404, or take itself back and say so. */
enum class MissingUser { raise, report };

/** What became of an insert, and the row where that is known; else no_row. */
struct Insertion {
    Inserted inserted;
    EdgeRow row;
};

/** Looks for an edge. */
EdgeRow find_edge(PairTable *table, const Edge &edge, Rights rights);

/** Looks, as the table's owner, whether there is an edge in either direction. */
Look find_either(PairTable *table, const Edge &edge);

/** Looks, as the users table's owner, whether both ends of the edge are there; keeps them there where they are. */
bool users_exist(PairTable *table, const Edge &edge, ForeignKeys keys);

/**
 * Asks the caller's policies about an edge, by an insert that is taken back.
 *
 * @return Inserted::conflict where the edge is there
 * @note errors: 42501 where a policy refuses the row
 */
Inserted ask_policies(PairTable *table, const Edge &edge);

/**
 * Inserts an edge with the caller's rights: its policies and constraints speak first, then the edge that may already be
 * there, then the foreign keys.
 */
Insertion insert_edge(PairTable *table, const Edge &edge, OnConflict on_conflict, MissingUser missing_user);

/**
 * Deletes an edge with the caller's rights.
 *
 * @return whether there was one that the caller may delete
 */
bool remove_edge(PairTable *table, const Edge &edge);

/** Deletes, as the table's owner, the edges of both directions, those too that only the latest snapshot shows. */
void remove_either(PairTable *table, const Edge &edge);

} // namespace follow
