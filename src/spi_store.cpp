#include "spi_store.h"

#include "acting_owner.h"
#include "own_write.h"
#include "plan.h"
#include "refusal.h"
#include "subtransaction.h"

#include <array>
#include <optional>
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

Inserted insert(PairTable *table, const Edge &edge, Statement statement) {
    const SPIPlanPtr plan = plan_of(table, statement);
    expect_own_write(table->relation, edge);
    const uint64 inserted = run(plan, edge, write_snapshot());
    forget_own_writes();
    return inserted > 0 ? Inserted::yes : Inserted::conflict;
}

Inserted insert_or_refuse(PairTable *table, const Edge &edge, Statement statement) {
    volatile Inserted inserted = Inserted::conflict;
    refusing_missing_users(*table, [&] { inserted = insert(table, edge, statement); });
    return inserted;
}

/**
 * What an error makes of an insert that may give way. A unique violation is an answer where ON CONFLICT is not
 * possible, and a serialization failure is one at REPEATABLE READ: a row came in between the insert's snapshot and its
 * check for conflicts.
 */
std::optional<Inserted> outcome_of(const PairTable &table, const ErrorData &error, bool gives_way, bool policies) {
    const bool after_policies = comes_after_policies(table, policies);
    if (after_policies && is_missing_user(table, error)) {
        return Inserted::no_such_user;
    }
    if (gives_way && after_policies && is_repeated_row(table, error)) {
        return Inserted::conflict;
    }
    if (gives_way && is_serialization_race(error)) {
        return after_policies ? Inserted::raced : Inserted::raced_early;
    }
    return std::nullopt;
}

/** In a subtransaction, which takes back what failed with an outcome. */
Inserted insert_in_subtransaction(PairTable *table, const Edge &edge, Statement statement, Ending ending) {
    const bool gives_way = statement == giving_way(*table, Statement::insert);
    const bool policies = have_policies(*table);
    volatile Inserted inserted = Inserted::conflict;
    const auto insert_here = [&] {
        hinting_at_retry([&] { inserted = insert(table, edge, statement); });
        return ending;
    };
    const auto is_outcome = [&](const ErrorData &error) {
        const std::optional<Inserted> outcome = outcome_of(*table, error, gives_way, policies);
        inserted = outcome.value_or(Inserted::conflict);
        return outcome.has_value();
    };
    survives_races(insert_here, is_outcome);
    return inserted;
}

/* Taken back whatever the answer: on the way of a repeated follow no lock is held, and what a trigger wrote is
 * undecided. */
Inserted ask_policies(PairTable *table, const Edge &edge) {
    return insert_in_subtransaction(table, edge, giving_way(*table, Statement::insert), Ending::take_back);
}

Inserted insert_edge(PairTable *table, const Edge &edge, OnConflict on_conflict, MissingUser missing_user) {
    const bool gives_way = on_conflict == OnConflict::give_way;
    const Statement statement = gives_way ? giving_way(*table, Statement::insert) : Statement::insert_or_fail;
    const bool may_race = gives_way && (!table->gives_way || XactIsoLevel == XACT_REPEATABLE_READ);
    if (!may_race && missing_user == MissingUser::raise) {
        return insert_or_refuse(table, edge, statement);
    }
    const Inserted inserted = insert_in_subtransaction(table, edge, statement, Ending::keep);
    if (inserted == Inserted::no_such_user && missing_user == MissingUser::raise) {
        raise_no_such_user();
    }
    return inserted;
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

bool comes_after_policies(const PairTable &table, bool policies) {
    return !policies || !table.runs_before_insert || own_writes_were_met();
}

Statement giving_way(const PairTable &table, Statement insert) {
    if (table.gives_way) {
        return insert;
    }
    return insert == Statement::insert ? Statement::insert_or_fail : Statement::insert_many_or_fail;
}

const Store spi_store = {spi_begin,    spi_end,     find_edge,   find_either,  users_exist,
                         ask_policies, insert_edge, remove_edge, remove_either};

} // namespace follow
