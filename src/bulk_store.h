#pragma once

#include "edges.h"
#include "pair_table.h"
#include "status.h"
#include "target.h"

namespace follow {

/*
 * What edges.h is for one edge, for the edges from one user to those of many targets that are undecided. `targets` are
 * sorted by user.
 *
 * The looks decide the targets that they find. They answer Look::changed where, at SERIALIZABLE, the transaction's
 * snapshot shows other rows than the latest.
 */

/** Looks, as the table's owner, for the edges that are there: `already_following`. */
Look find_edges(PairTable *follows, const Uuid &from, Targets targets);

/** Looks, as the table's owner, for who has blocked the other: `blocked`. */
Look find_blocks(PairTable *blocks, const Uuid &from, Targets targets);

/**
 * Looks, as the users table's owner, who is missing: `not_found`. Those who are there are kept there until the end of
 * the transaction, as the foreign key would keep them.
 */
void find_missing_users(PairTable *follows, Targets targets, ForeignKeys keys);

/**
 * Inserts the edges with the caller's rights. They give way to edges that are there, unless they are to fail.
 *
 * @return false where another transaction came in between: nothing was inserted, look again
 * @note errors: PT404 where the follower does not exist; 42501
 */
bool insert_edges(PairTable *follows, const Uuid &from, Targets targets, bool or_fail);

/** What became of inserts before any look, and the subtransaction that wrote the rows, if any were written. */
struct Attempt {
    bool kept;
    TransactionId writer;
};

/**
 * As insert_edges, for edges that give way, but before any look: takes everything back where a target turns out to be
 * blocked or missing, or where looks have to come first (SERIALIZABLE). The caller's policies have spoken about each
 * edge then.
 *
 * @note errors: 42501 where a policy refuses one of the edges
 */
Attempt try_edges(PairTable *follows, PairTable *blocks, const Uuid &from, Targets targets);

/**
 * Looks for the edges after their insert: `following` where the row was written by this transaction, or by the
 * subtransaction `writer` of it, and else `already_following`.
 */
void find_inserted_edges(PairTable *follows, const Uuid &from, Targets targets,
                         TransactionId writer = InvalidTransactionId);

} // namespace follow
