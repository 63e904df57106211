#include "spi_store.h"

#include "acting_owner.h"
#include "plan.h"

#include <array>
#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<EdgeRow>);

namespace {

/** @return the number of rows found or written */
uint64 run(SPIPlanPtr plan, const Edge &edge, Snapshot snapshot, Snapshot crosscheck = InvalidSnapshot) {
    std::array<Datum, 2> values{PointerGetDatum(edge.from.bytes.data()), PointerGetDatum(edge.to.bytes.data())};
    return run_plan(plan, values.data(), nullptr, snapshot, crosscheck);
}

EdgeRow edge_seen(SPIPlanPtr plan, const Edge &edge, View view) {
    if (run(plan, edge, snapshot_of(view)) == 0) {
        return no_row;
    }
    bool null = false;
    const Datum created_at = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null);
    return {Look::present, !null, null ? 0 : DatumGetTimestampTz(created_at)};
}

EdgeRow find(PairTable *table, const Edge &edge, Rights rights, View view) {
    EdgeRow row{};
    spi_begin();
    if (rights == Rights::caller) {
        row = edge_seen(plan_of(table, Statement::find_as_caller), edge, view);
    } else {
        const ActingOwner acting = begin_acting(table->owner, table->schema);
        row = edge_seen(plan_of(table, Statement::find_as_owner), edge, view);
        end_acting(acting);
    }
    spi_end();
    return row;
}

bool find_either(PairTable *table, const Edge &edge, View view) {
    spi_begin();
    const ActingOwner acting = begin_acting(table->owner, table->schema);
    const SPIPlanPtr plan = plan_of(table, Statement::find_either);
    const bool found = run(plan, edge, snapshot_of(view)) > 0;
    end_acting(acting);
    spi_end();
    return found;
}

Write insert(PairTable *table, const Edge &edge, OnConflict on_conflict) {
    const Statement statement =
        on_conflict == OnConflict::fail ? Statement::insert_or_fail : giving_way(*table, Statement::insert);
    spi_begin();
    const SPIPlanPtr plan = plan_of(table, statement);
    const bool inserted = run(plan, edge, snapshot_of(View::write)) > 0;
    spi_end();
    return {inserted, no_row};
}

bool remove(PairTable *table, const Edge &edge) {
    spi_begin();
    const SPIPlanPtr plan = plan_of(table, Statement::remove);
    const bool removed = run(plan, edge, snapshot_of(View::write)) > 0;
    spi_end();
    return removed;
}

void remove_either(PairTable *table, const Edge &edge, View view) {
    spi_begin();
    const ActingOwner acting = begin_acting(table->owner, table->schema);
    const SPIPlanPtr plan = plan_of(table, Statement::remove_either);
    run(plan, edge, snapshot_of(view), crosscheck_of(view));
    end_acting(acting);
    spi_end();
}

} // namespace

void spi_begin() {
    if (SPI_connect() != SPI_OK_CONNECT) {
        elog(ERROR, "SPI_connect failed");
    }
}

void spi_end() {
    SPI_finish();
}

Statement giving_way(const PairTable &table, Statement insert) {
    if (table.gives_way) {
        return insert;
    }
    return insert == Statement::insert ? Statement::insert_or_fail : Statement::insert_many_or_fail;
}

const Store spi_store = {find, find_either, insert, remove, remove_either};

} // namespace follow
