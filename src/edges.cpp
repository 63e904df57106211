#include "edges.h"

#include "acting_owner.h"
#include "own_write.h"
#include "plan.h"
#include "spi_store.h"
#include "subtransaction.h"
#include "write_errors.h"

#include <array>
#include <optional>
#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<Insertion>);

namespace {

bool user_exists(UserReference *user, const Edge &edge) {
    const Relation users = table_open(user->users_table, RowShareLock);
    spi_begin();
    const ActingOwner acting = begin_acting(users->rd_rel->relowner, RelationGetNamespace(users));
    std::array<Datum, 2> values{PointerGetDatum(edge.from.bytes.data()), PointerGetDatum(edge.to.bytes.data())};
    const SPIPlanPtr plan = find_one_user_plan(user);
    const bool exists = run_plan(plan, values.data(), nullptr, snapshot_of(View::write)) > 0;
    end_acting(acting);
    spi_end();
    table_close(users, NoLock);
    return exists;
}

Insertion insert(PairTable *table, const Edge &edge, OnConflict on_conflict) {
    expect_own_write(table->relation, edge);
    const Write write = store_of(*table, Access::insert, Rights::caller).insert(table, edge, on_conflict);
    forget_own_writes();
    return {write.done ? Inserted::yes : Inserted::conflict, write.row};
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
Insertion insert_in_subtransaction(PairTable *table, const Edge &edge, OnConflict on_conflict, Ending ending) {
    const bool policies = have_policies(*table);
    Insertion insertion{Inserted::conflict, no_row};
    const auto insert_here = [&] {
        hinting_at_retry([&] { insertion = insert(table, edge, on_conflict); });
        return ending;
    };
    const auto is_outcome = [&](const ErrorData &error) {
        const std::optional<Inserted> outcome = outcome_of(*table, error, on_conflict != OnConflict::fail, policies);
        insertion.inserted = outcome.value_or(Inserted::conflict);
        return outcome.has_value();
    };
    survives_races(insert_here, is_outcome);
    return insertion;
}

} // namespace

EdgeRow find_edge(PairTable *table, const Edge &edge, Rights rights) {
    const Store &store = store_of(*table, Access::look, rights);
    EdgeRow latest = store.find(table, edge, rights, View::latest);
    if (IsolationIsSerializable() && latest != store.find(table, edge, rights, View::transaction)) {
        latest.look = Look::changed;
    }
    return latest;
}

Look find_either(PairTable *table, const Edge &edge) {
    const Store &store = store_of(*table, Access::look, Rights::owner);
    const bool in_latest = store.find_either(table, edge, View::latest);
    const bool in_transaction =
        IsolationIsSerializable() ? store.find_either(table, edge, View::transaction) : in_latest;
    return agree(in_transaction, in_latest);
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

/* Taken back whatever the answer: on the way of a repeated follow no lock is held, and what a trigger wrote is
 * undecided. */
Inserted ask_policies(PairTable *table, const Edge &edge) {
    return insert_in_subtransaction(table, edge, OnConflict::look_and_give_way, Ending::take_back).inserted;
}

Insertion insert_edge(PairTable *table, const Edge &edge, OnConflict on_conflict, MissingUser missing_user) {
    const bool gives_way = on_conflict != OnConflict::fail;
    const bool may_race = gives_way && (!table->gives_way || XactIsoLevel == XACT_REPEATABLE_READ);
    if (may_race || missing_user == MissingUser::report) {
        const Insertion insertion = insert_in_subtransaction(table, edge, on_conflict, Ending::keep);
        if (insertion.inserted == Inserted::no_such_user && missing_user == MissingUser::raise) {
            raise_no_such_user();
        }
        return insertion;
    }
    Insertion insertion{Inserted::conflict, no_row};
    refusing_missing_users(*table, have_policies(*table), [&] { insertion = insert(table, edge, on_conflict); });
    return insertion;
}

bool remove_edge(PairTable *table, const Edge &edge) {
    bool removed = false;
    const Store &store = store_of(*table, Access::remove, Rights::caller);
    outlast_races([&] { hinting_at_retry([&] { removed = store.remove(table, edge); }); });
    return removed;
}

/**
 * At SERIALIZABLE first what the transaction's own snapshot shows, so that a conflict with a row that went meanwhile is
 * noticed; then what only the latest one shows, which the cross-check turns into 40001.
 */
void remove_either(PairTable *table, const Edge &edge) {
    const Store &store = store_of(*table, Access::remove, Rights::owner);
    outlast_races([&] {
        hinting_at_retry([&] {
            if (IsolationIsSerializable()) {
                store.remove_either(table, edge, View::transaction);
            }
            store.remove_either(table, edge, View::latest);
        });
    });
}

} // namespace follow
