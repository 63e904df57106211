#pragma once

#include "pair.h"
#include "prelude.h"

namespace follow {

/*
 * Both classes stand in pg_locks.objsubid, which is shown as int2. 1 and 2 are pg_advisory_lock's and 4 to 16 are
 * Citus's; a class of its own never meets a key that an application chose.
 */
constexpr uint16 pair_lock_class = 18007;
constexpr uint16 graph_lock_class = 18008;

/** How many pair locks a transaction may hold before it takes the graph's lock instead (see lock_pair). */
constexpr int pair_locks_per_transaction = 32;

/**
 * Takes the lock under which a follow of this pair is decided, until the end of the transaction: every decision about
 * the same two users, in either direction, waits for it.
 *
 * Pair locks live in the lock table that all sessions share, so one transaction takes at most
 * pair_locks_per_transaction of them. Past that it takes ShareLock on the graph's own tag, once, which whoever writes a
 * block conflicts with.
 *
 * @param pair the two users
 * @param graph the follow table's OID
 * @note errors: 40P01 where two transactions lock pairs in opposite orders; 55P03 past lock_timeout; 57014 on cancel
 */
void lock_pair(const Pair &pair, Oid graph);

} // namespace follow
