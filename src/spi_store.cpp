#include "spi_store.h"

#include "acting_owner.h"
#include "own_write.h"
#include "plan.h"
#include "refusal.h"
#include "subtransaction.h"

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

EdgeRow edge_seen(SPIPlanPtr plan, const Edge &edge, Snapshot snapshot) {
    if (run(plan, edge, snapshot) == 0) {
        return {Look::absent, false, 0};
    }
    bool null = false;
    const Datum created_at = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null);
    return {Look::present, !null, null ? 0 : DatumGetTimestampTz(created_at)};
}

EdgeRow look_for_edge(SPIPlanPtr plan, const Edge &edge) {
    EdgeRow latest = edge_seen(plan, edge, GetLatestSnapshot());
    if (IsolationIsSerializable() && latest != edge_seen(plan, edge, GetTransactionSnapshot())) {
        latest.look = Look::changed;
    }
    return latest;
}

EdgeRow find_edge(PairTable *table, const Edge &edge, Rights rights) {
    if (rights == Rights::caller) {
        return look_for_edge(plan_of(table, Statement::find_as_caller), edge);
    }
    const ActingOwner acting = begin_acting(table->owner, table->schema);
    const EdgeRow row = look_for_edge(plan_of(table, Statement::find_as_owner), edge);
    end_acting(acting);
    return row;
}

Look find_either(PairTable *table, const Edge &edge) {
    const ActingOwner acting = begin_acting(table->owner, table->schema);
    const SPIPlanPtr plan = plan_of(table, Statement::find_either);
    const bool in_latest = run(plan, edge, GetLatestSnapshot()) > 0;
    const bool in_transaction = IsolationIsSerializable() ? run(plan, edge, GetTransactionSnapshot()) > 0 : in_latest;
    end_acting(acting);
    return agree(in_transaction, in_latest);
}

bool user_exists(UserReference *user, const Edge &edge) {
    const Relation users = table_open(user->users_table, RowShareLock);
    const ActingOwner acting = begin_acting(users->rd_rel->relowner, RelationGetNamespace(users));
    const bool exists = run(find_one_user_plan(user), edge, write_snapshot()) > 0;
    end_acting(acting);
    table_close(users, NoLock);
    return exists;
}

bool users_exist(PairTable *table, const Edge &edge, ForeignKeys keys) {
    for (UserReference *user = table->users; user != nullptr; user = user->next) {
        const bool asked_for = keys == ForeignKeys::all || user->deferrable;
        bool exists = true;
        if (asked_for) {
            outlast_races([user, &edge, &exists] { exists = user_exists(user, edge); });
        }
        if (!exists) {
            return false;
        }
    }
    return true;
}

Inserted insert_or_refuse(PairTable *table, const Edge &edge, Look block, Statement statement) {
    const SPIPlanPtr plan = plan_of(table, statement);
    volatile uint64 inserted = 0;
    expect_own_write(table->relation, edge);
    refusing_missing_users(*table, block, [&] { inserted = run(plan, edge, write_snapshot()); });
    forget_own_writes();
    return inserted > 0 ? Inserted::yes : Inserted::conflict;
}

/** In a subtransaction, which takes a lost race back. */
Inserted insert_in_subtransaction(PairTable *table, const Edge &edge, Look block, Ending when_inserted) {
    volatile Inserted inserted = Inserted::raced;
    const auto insert = [&] {
        inserted = insert_or_refuse(table, edge, block, giving_way(*table, Statement::insert));
        return inserted == Inserted::yes ? when_inserted : Ending::keep;
    };
    return survives_races(insert, is_insert_race) ? inserted : Inserted::raced;
}

bool ask_policies(PairTable *table, const Edge &edge) {
    return insert_in_subtransaction(table, edge, Look::absent, Ending::take_back) == Inserted::conflict;
}

Inserted insert_edge(PairTable *table, const Edge &edge, Look block, OnConflict on_conflict) {
    if (on_conflict == OnConflict::fail) {
        return insert_or_refuse(table, edge, block, Statement::insert_or_fail);
    }
    if (table->inserts_rewritten || XactIsoLevel == XACT_REPEATABLE_READ) {
        return insert_in_subtransaction(table, edge, block, Ending::keep);
    }
    return insert_or_refuse(table, edge, block, Statement::insert);
}

bool remove_edge(PairTable *table, const Edge &edge) {
    bool removed = false;
    outlast_races([&] {
        const SPIPlanPtr plan = plan_of(table, Statement::remove);
        hinting_at_retry([&] { removed = run(plan, edge, write_snapshot()) > 0; });
    });
    return removed;
}

/**
 * At SERIALIZABLE first what the transaction's own snapshot shows, so that a conflict with a row that went meanwhile is
 * noticed; then what only the latest one shows, which the cross-check turns into 40001.
 */
void remove_either(PairTable *table, const Edge &edge) {
    outlast_races([table, &edge] {
        const ActingOwner acting = begin_acting(table->owner, table->schema);
        const SPIPlanPtr plan = plan_of(table, Statement::remove_either);
        hinting_at_retry([plan, &edge] {
            if (IsolationIsSerializable()) {
                run(plan, edge, GetTransactionSnapshot());
                run(plan, edge, GetLatestSnapshot(), GetTransactionSnapshot());
            } else {
                run(plan, edge, GetLatestSnapshot());
            }
        });
        end_acting(acting);
    });
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

Snapshot write_snapshot() {
    return IsolationIsSerializable() ? InvalidSnapshot : GetLatestSnapshot();
}

bool is_insert_race(const ErrorData &error) {
    return is_serialization_race(error) || error.sqlerrcode == ERRCODE_UNIQUE_VIOLATION;
}

Statement giving_way(const PairTable &table, Statement insert) {
    if (!table.inserts_rewritten) {
        return insert;
    }
    return insert == Statement::insert ? Statement::insert_or_fail : Statement::insert_many_or_fail;
}

const Store spi_store = {spi_begin,    spi_end,     find_edge,   find_either,  users_exist,
                         ask_policies, insert_edge, remove_edge, remove_either};

} // namespace follow
