#include "pair_lock.h"

#include "pair_table.h"
#include "transaction_lock.h"

namespace follow {

namespace {

/*
 * Only a count, never a note of which locks are held: ROLLBACK TO SAVEPOINT drops locks. It may therefore count too
 * many, which takes the graph's lock early and is as safe.
 */
LocalTransactionId counted_transaction = InvalidLocalTransactionId;
int pair_locks = 0;

/** The transaction that has taken the graph's lock for follows, and takes no pair's lock for one any more. */
LocalTransactionId bulk_transaction = InvalidLocalTransactionId;

LOCKTAG advisory_tag(std::uint64_t key, uint16 lock_class) {
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(key >> 32), static_cast<uint32>(key), lock_class);
    return tag;
}

int &pair_locks_of_transaction() {
    const LocalTransactionId transaction = compat::transaction_number();
    if (counted_transaction != transaction) {
        counted_transaction = transaction;
        pair_locks = 0;
    }
    return pair_locks;
}

bool holds_pair(const Pair &pair, Oid graph) {
    return compat::holds_lock(advisory_tag(pair_key(pair, graph), pair_lock_class), ExclusiveLock);
}

/** What became of a pair's lock. */
enum class PairLock { past_limit, at_once, after_wait };

/** Past the limit the lock table is asked first: a pair that is locked already takes no more of it. */
PairLock lock_pair_within_limit(const Pair &pair, Oid graph) {
    if (!may_lock_pairs(1)) {
        return holds_pair(pair, graph) ? PairLock::at_once : PairLock::past_limit;
    }
    const LOCKTAG tag = advisory_tag(pair_key(pair, graph), pair_lock_class);
    LockAcquireResult result = LOCKACQUIRE_NOT_AVAIL;
    PairLock lock = PairLock::at_once;
    locking_for_transaction([&tag, &result, &lock] {
        result = LockAcquire(&tag, ExclusiveLock, false, true);
        if (result == LOCKACQUIRE_NOT_AVAIL) {
            result = LockAcquire(&tag, ExclusiveLock, false, false);
            lock = PairLock::after_wait;
        }
    });
    if (result == LOCKACQUIRE_OK) {
        pair_locks_of_transaction()++;
    }
    return lock;
}

void lock_graph_tag(Oid graph, LOCKMODE mode) {
    const LOCKTAG tag = advisory_tag(graph_key(graph), graph_lock_class);
    locking_for_transaction([&tag, mode] { LockAcquire(&tag, mode, false, false); });
}

void lock_follows_against_others(Oid graph) {
    bool locked = false;
    locking_for_transaction([graph, &locked] { locked = ConditionalLockRelationOid(graph, ShareRowExclusiveLock); });
    if (!locked) {
        ereport(ERROR, errcode(ERRCODE_LOCK_NOT_AVAILABLE),
                errmsg("more than %d blocks in a transaction need the follow table to themselves",
                       pair_locks_per_transaction),
                errhint("Run first in this transaction: LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE;",
                        qualified_name(graph)));
    }
}

} // namespace

bool may_lock_pairs(std::size_t count) {
    return static_cast<std::size_t>(pair_locks_of_transaction()) + count <= pair_locks_per_transaction;
}

/* After the graph's lock no pair's: a block holds its pair's lock while it waits for the graph's. */
bool lock_pair(const Pair &pair, Oid graph) {
    const bool in_bulk = bulk_transaction == compat::transaction_number();
    if (in_bulk && holds_pair(pair, graph)) {
        return false;
    }
    const PairLock lock = in_bulk ? PairLock::past_limit : lock_pair_within_limit(pair, graph);
    if (lock == PairLock::past_limit) {
        lock_graph(graph);
    }
    return lock != PairLock::at_once;
}

void lock_graph(Oid graph) {
    bulk_transaction = compat::transaction_number();
    lock_graph_tag(graph, ShareLock);
}

void lock_pair_for_block(const Pair &pair, Oid graph) {
    if (lock_pair_within_limit(pair, graph) != PairLock::past_limit) {
        lock_graph_tag(graph, RowExclusiveLock);
    } else {
        lock_follows_against_others(graph);
    }
}

void lock_pair_for_unblock(const Pair &pair, Oid graph) {
    lock_pair_within_limit(pair, graph);
}

} // namespace follow
