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
        if (probe->slot == nullptr) {
            probe->slot = table_slot_create(probe->relation, nullptr);
        }
        if (index_fetch_heap(probe->scan, probe->slot)) {
            return true;
        }
    }
    return false;
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
