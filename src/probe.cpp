#include "probe.h"

#include "uuid_array.h"

#include <array>
#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<Probe>);

namespace {

Probe begin(const PairTable &table, Snapshot snapshot, LOCKMODE index_lock) {
    Probe probe{&table, open_locked(table), index_open(table.arbiter, index_lock), RegisterSnapshot(snapshot), nullptr,
                nullptr};
    probe.scan = compat::begin_index_scan(probe.relation, probe.index, probe.snapshot, 2);
    return probe;
}

bool fetch(Probe *probe) {
    if (probe->slot == nullptr) {
        probe->slot = table_slot_create(probe->relation, nullptr);
    }
    return index_fetch_heap(probe->scan, probe->slot);
}

/** An entry costs a small part of a probe: so bounded, a user's many edges are read in vain at little cost. */
constexpr std::size_t entries_for_a_target = 2;

void mark(Targets targets, const Uuid &user, bool *marks) {
    const Target *target = find_target(targets, user);
    if (target != nullptr) {
        marks[target - targets.first] = true;
    }
}

/** Reads the user's edges, which lie side by side in the index. @return whether these were all */
bool mark_by_reading(const Probe &probe, End user_is, Relation index, const Uuid &user, Targets targets, bool *marks) {
    const AttrNumber other = user_is == End::from ? probe.table->to.number : probe.table->from.number;
    TupleTableSlot *slot = table_slot_create(probe.relation, nullptr);
    const IndexScanDesc scan = compat::begin_index_scan(probe.relation, index, probe.snapshot, 1);
    ScanKeyData key;
    ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_UUID_EQ, uuid_datum(user));
    index_rescan(scan, &key, 1, nullptr, 0);
    bool all = false;
    for (std::size_t left = entries_for_a_target * count_undecided(targets); left > 0 && !all; left--) {
        CHECK_FOR_INTERRUPTS();
        if (index_getnext_tid(scan, ForwardScanDirection) == nullptr) {
            all = true;
        } else if (index_fetch_heap(scan, slot)) {
            bool null = false;
            const Datum value = slot_getattr(slot, other, &null);
            if (!null) {
                mark(targets, uuid_of(value), marks);
            }
        }
    }
    index_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    return all;
}

/** Not at SERIALIZABLE: a change of any row that was read would be a conflict. */
bool mark_at_once(const Probe &probe, End user_is, const Uuid &user, Targets targets, bool *marks) {
    const Oid leading = user_is == End::from ? probe.table->index_from : probe.table->index_to;
    if (!OidIsValid(leading) || IsolationIsSerializable() || count_undecided(targets) <= 1) {
        return false;
    }
    const Relation index = index_open(leading, AccessShareLock);
    const bool all = mark_by_reading(probe, user_is, index, user, targets, marks);
    index_close(index, NoLock);
    return all;
}

void mark_one_by_one(Probe *probe, End user_is, const Uuid &user, Targets targets, bool *marks) {
    for (std::size_t i = 0; i < targets.count; i++) {
        CHECK_FOR_INTERRUPTS();
        const Target &target = targets.first[i];
        if (!target.decided && !marks[i]) {
            marks[i] = follow::probe(probe, user_is == End::from ? Edge{user, target.user} : Edge{target.user, user});
        }
    }
}

} // namespace

Probe begin_probe(const PairTable &table, View view) {
    CommandCounterIncrement();
    return begin(table, snapshot_of(view), RowExclusiveLock);
}

Probe begin_reading_probe(const PairTable &table) {
    return begin(table, GetActiveSnapshot(), AccessShareLock);
}

bool probe(Probe *probe, const Edge &edge) {
    const bool reversed = probe->table->arbiter_reversed;
    std::array<ScanKeyData, 2> keys;
    ScanKeyInit(keys.data(), 1, BTEqualStrategyNumber, F_UUID_EQ, uuid_datum(reversed ? edge.to : edge.from));
    ScanKeyInit(keys.data() + 1, 2, BTEqualStrategyNumber, F_UUID_EQ, uuid_datum(reversed ? edge.from : edge.to));
    index_rescan(probe->scan, keys.data(), keys.size(), nullptr, 0);
    while (index_getnext_tid(probe->scan, ForwardScanDirection) != nullptr) {
        if (fetch(probe)) {
            return true;
        }
    }
    return false;
}

bool *new_marks(Targets targets) {
    return static_cast<bool *>(palloc0(targets.count + 1));
}

void mark_others(Probe *probe, End user_is, const Uuid &user, Targets targets, bool *marks) {
    if (!mark_at_once(*probe, user_is, user, targets, marks)) {
        mark_one_by_one(probe, user_is, user, targets, marks);
    }
}

void end_probe(Probe *probe) {
    if (probe->slot != nullptr) {
        ExecDropSingleTupleTableSlot(probe->slot);
    }
    index_endscan(probe->scan);
    UnregisterSnapshot(probe->snapshot);
    index_close(probe->index, NoLock);
    table_close(probe->relation, NoLock);
}

/* A time without a zone is taken as UTC, as in the statements. */
EdgeRow row_in(const PairTable &table, TupleTableSlot *slot) {
    if (!OidIsValid(table.created_at_type)) {
        return {Look::present, false, 0};
    }
    bool null = false;
    const Datum value = slot_getattr(slot, table.created_at.number, &null);
    if (null) {
        return {Look::present, false, 0};
    }
    const Datum time = table.created_at_type == DATEOID ? DirectFunctionCall1(date_timestamp, value) : value;
    return {Look::present, true, DatumGetTimestampTz(time)};
}

} // namespace follow
