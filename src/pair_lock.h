#pragma once

#include "pair.h"
#include "prelude.h"

#include <cstddef>

namespace follow {

/*
 * Both classes stand in pg_locks.objsubid, which is shown as int2. 1 and 2 are pg_advisory_lock's and 4 to 16 are
 * Citus's; a class of its own never meets a key that an application chose.
 */
constexpr uint16 pair_lock_class = 18007;
constexpr uint16 graph_lock_class = 18008;

/** How many pair locks a transaction may hold before it takes a lock of the whole graph instead. */
constexpr int pair_locks_per_transaction = 32;

/*
 * The locks under which a pair is decided, until the end of the transaction. Whoever follows, unfollows or blocks the
 * same two users, in either direction, waits for the pair's lock.
 *
 * Pair locks live in the lock table that all sessions share, so one transaction takes at most
 * pair_locks_per_transaction of them. Past that a writer of follows takes ShareLock on the graph's own tag, once. Each
 * writer of a block takes RowExclusiveLock on that tag, after the pair's lock, so that blocks and bulk follows exclude
 * each other, while bulk follows run side by side and a single follow never touches the tag.
 *
 * All of them: `graph` is the follow table's OID; errors: 40P01 where two transactions lock in opposite orders; 55P03
 * past lock_timeout; 57014 on cancel.
 */

/** The lock for writing a follow. @return whether another session held it, and may have written the pair */
bool lock_pair(const Pair &pair, Oid graph);

/** The lock for writing more follows than a transaction may hold pair locks. */
void lock_graph(Oid graph);

/** Whether so many pairs can be locked one by one. */
bool may_lock_pairs(std::size_t count);

/**
 * The lock for writing a block. Past pair_locks_per_transaction it is SHARE ROW EXCLUSIVE on the follow table, under
 * which nobody else decides a pair.
 *
 * @note errors: 55P03 where others are writing follows and that lock is not to be had at once
 */
void lock_pair_for_block(const Pair &pair, Oid graph);

/** The lock for removing a block: no more than politeness, since that cannot break a rule, and none past the limit. */
void lock_pair_for_unblock(const Pair &pair, Oid graph);

} // namespace follow
