#include "pair_lock.h"

namespace follow {

namespace {

/*
 * Only a count, never a note of which locks are held: ROLLBACK TO SAVEPOINT drops locks. It may therefore count too
 * many, which takes the graph's lock early and is as safe.
 */
LocalTransactionId counted_transaction = InvalidLocalTransactionId;
int pair_locks = 0;

LOCKTAG advisory_tag(std::uint64_t key, uint16 lock_class) {
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(key >> 32), static_cast<uint32>(key), lock_class);
    return tag;
}

bool too_many_pair_locks() {
    const LocalTransactionId transaction = compat::transaction_number();
    if (counted_transaction != transaction) {
        counted_transaction = transaction;
        pair_locks = 0;
    }
    return pair_locks >= pair_locks_per_transaction;
}

} // namespace

void lock_pair(const Pair &pair, Oid graph) {
    if (too_many_pair_locks()) {
        const LOCKTAG tag = advisory_tag(graph_key(graph), graph_lock_class);
        LockAcquire(&tag, ShareLock, false, false);
        return;
    }
    const LOCKTAG tag = advisory_tag(pair_key(pair, graph), pair_lock_class);
    if (LockAcquire(&tag, ExclusiveLock, false, false) == LOCKACQUIRE_OK) {
        pair_locks++;
    }
}

} // namespace follow
