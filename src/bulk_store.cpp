#include "bulk_store.h"

#include "acting_owner.h"
#include "direct_store.h"
#include "own_write.h"
#include "plan.h"
#include "spi_store.h"
#include "subtransaction.h"
#include "uuid_array.h"
#include "write_errors.h"

#include <algorithm>
#include <array>

namespace follow {

namespace {

uint64 run(SPIPlanPtr plan, const Uuid &from, Targets targets, Snapshot snapshot) {
    std::array<Datum, 2> values{PointerGetDatum(from.bytes.data()), undecided_users(targets)};
    return run_plan(plan, values.data(), nullptr, snapshot);
}

Target *target_of_row(Targets targets, const SPITupleTable *rows, uint64 row) {
    bool null = false;
    Target *target = find_target(targets, uuid_of(SPI_getbinval(rows->vals[row], rows->tupdesc, 1, &null)));
    if (target == nullptr) {
        elog(ERROR, "a user was found who was not asked for");
    }
    return target;
}

Look decide_found(SPIPlanPtr plan, const Uuid &from, Targets targets, TargetStatus status) {
    const bool both = IsolationIsSerializable();
    const uint64 before = both ? run(plan, from, targets, GetTransactionSnapshot()) : 0;
    const SPITupleTable *rows_before = SPI_tuptable;
    const uint64 count = run(plan, from, targets, GetLatestSnapshot());
    bool changed = both && before != count;
    for (uint64 row = 0; row < count; row++) {
        decide(target_of_row(targets, SPI_tuptable, row), status);
    }
    for (uint64 row = 0; row < before; row++) {
        changed = changed || !target_of_row(targets, rows_before, row)->decided;
    }
    return changed ? Look::changed : Look::present;
}

/** Which edges one looks for: those from a user, or those to the user too. */
enum class Direction { from, either };

Look select(PairTable *table, Direction direction, const Uuid &from, Targets targets, TargetStatus status) {
    const Statement statement = direction == Direction::from ? Statement::find_many : Statement::find_either_many;
    spi_begin();
    const ActingOwner acting = begin_acting(table->owner, table->schema);
    const Look found = decide_found(plan_of(table, statement), from, targets, status);
    end_acting(acting);
    spi_end();
    return found;
}

/** The targets with whom there is an edge; palloc'd. */
bool *mark_edges(const PairTable &table, View view, Direction direction, const Uuid &from, Targets targets) {
    bool *marks = new_marks(targets);
    Probe probe = begin_probe(table, view);
    mark_others(&probe, End::from, from, targets, marks);
    if (direction == Direction::either) {
        mark_others(&probe, End::to, from, targets, marks);
    }
    end_probe(&probe);
    return marks;
}

/** As select, through the index. */
Look probe_all(const PairTable &table, Direction direction, const Uuid &from, Targets targets, TargetStatus status) {
    const bool both = IsolationIsSerializable();
    bool *latest = mark_edges(table, View::latest, direction, from, targets);
    bool *before = both ? mark_edges(table, View::transaction, direction, from, targets) : nullptr;
    bool changed = false;
    for (std::size_t i = 0; i < targets.count; i++) {
        if (!targets.first[i].decided) {
            changed = changed || (both && latest[i] != before[i]);
            if (latest[i]) {
                decide(targets.first + i, status);
            }
        }
    }
    if (both) {
        pfree(before);
    }
    pfree(latest);
    return changed ? Look::changed : Look::present;
}

Look look(PairTable *table, Direction direction, const Uuid &from, Targets targets, TargetStatus status) {
    return is_direct(*table, Access::look, Rights::owner) ? probe_all(*table, direction, from, targets, status)
                                                          : select(table, direction, from, targets, status);
}

void find_missing(UserReference *user, Targets targets) {
    const Relation users = table_open(user->users_table, RowShareLock);
    spi_begin();
    const ActingOwner acting = begin_acting(users->rd_rel->relowner, RelationGetNamespace(users));
    const SPIPlanPtr plan = find_many_users_plan(user);
    uint64 count = 0;
    hinting_at_retry([&] { count = run(plan, Uuid{}, targets, snapshot_of(View::write)); });
    for (Target &target : targets) {
        if (!target.decided) {
            decide(&target, TargetStatus::not_found);
        }
    }
    for (uint64 row = 0; row < count; row++) {
        target_of_row(targets, SPI_tuptable, row)->decided = false;
    }
    end_acting(acting);
    spi_end();
    table_close(users, NoLock);
}

void insert_many(PairTable *follows, const Uuid &from, Targets targets, OnConflict on_conflict) {
    const Statement statement =
        on_conflict == OnConflict::fail ? Statement::insert_many_or_fail : giving_way(*follows, Statement::insert_many);
    spi_begin();
    const SPIPlanPtr plan = plan_of(follows, statement);
    run(plan, from, targets, snapshot_of(View::write));
    spi_end();
}

/** @return whether what was inserted is noted as guarded, and stays as it is */
bool insert(PairTable *follows, const Uuid &from, Targets targets, OnConflict on_conflict) {
    const bool direct = is_direct(*follows, Access::insert, Rights::caller);
    expect_own_writes(follows->relation, from, targets);
    if (direct) {
        insert_rows(follows, from, targets, on_conflict);
    } else {
        insert_many(follows, from, targets, on_conflict);
    }
    forget_own_writes();
    return direct && !follows->runs_after_insert;
}

OnConflict on_conflict_of(bool or_fail) {
    if (or_fail) {
        return OnConflict::fail;
    }
    return IsolationIsSerializable() ? OnConflict::look_and_give_way : OnConflict::give_way;
}

} // namespace

Look find_edges(PairTable *follows, const Uuid &from, Targets targets) {
    return look(follows, Direction::from, from, targets, TargetStatus::already_following);
}

Look find_blocks(PairTable *blocks, const Uuid &from, Targets targets) {
    return look(blocks, Direction::either, from, targets, TargetStatus::blocked);
}

void find_missing_users(PairTable *follows, Targets targets, ForeignKeys keys) {
    for (UserReference *user = follows->users; user != nullptr; user = user->next) {
        if (!user->of_from && (keys == ForeignKeys::all || user->deferrable)) {
            outlast_races([user, targets] { find_missing(user, targets); });
        }
    }
}

bool insert_edges(PairTable *follows, const Uuid &from, Targets targets, bool or_fail) {
    volatile bool known = false;
    bool kept = true;
    const auto insert_or_refuse = [&] {
        refusing_missing_users(*follows, have_policies(*follows),
                               [&] { known = insert(follows, from, targets, on_conflict_of(or_fail)); });
        return Ending::keep;
    };
    const bool may_race = !follows->gives_way || XactIsoLevel == XACT_REPEATABLE_READ;
    if (may_race && !or_fail) {
        kept = survives_races(insert_or_refuse, [follows](const ErrorData &error) {
            return is_serialization_race(error) || is_repeated_row(*follows, error);
        });
    } else {
        insert_or_refuse();
    }
    for (Target &target : targets) {
        if (kept && known && target.guarded) {
            decide(&target, TargetStatus::following);
        }
    }
    return kept;
}

Attempt try_edges(PairTable *follows, PairTable *blocks, const Uuid &from, Targets targets) {
    volatile bool kept = false;
    volatile TransactionId writer = InvalidTransactionId;
    const auto insert_and_look = [&] {
        insert(follows, from, targets, OnConflict::look_and_give_way);
        writer = GetCurrentTransactionIdIfAny();
        if (!IsolationIsSerializable()) {
            const std::size_t asked = count_undecided(targets);
            find_blocks(blocks, from, targets);
            find_missing_users(follows, targets, ForeignKeys::deferrable);
            kept = count_undecided(targets) == asked;
        }
        return kept ? Ending::keep : Ending::take_back;
    };
    const auto have_passed = [follows](const ErrorData &error) {
        return is_missing_user(*follows, error) && comes_after_policies(*follows, true);
    };
    outlast_races([&] { survives_races(insert_and_look, have_passed); });
    return {kept, writer};
}

void find_inserted_edges(PairTable *follows, const Uuid &from, Targets targets, TransactionId writer) {
    if (count_undecided(targets) == 0) {
        return;
    }
    // A guard meets each row that is new. Without guards the row's writer tells, unless triggers write rows too.
    const bool by_guard =
        std::any_of(begin(targets), end(targets), [](const Target &target) { return target.guarded; });
    spi_begin();
    const ActingOwner acting = begin_acting(follows->owner, follows->schema);
    const uint64 count = run(plan_of(follows, Statement::find_many), from, targets, GetLatestSnapshot());
    for (uint64 row = 0; row < count; row++) {
        bool null = false;
        const TransactionId written_by =
            DatumGetTransactionId(SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 2, &null));
        const bool by_us = TransactionIdIsValid(writer) ? TransactionIdEquals(written_by, writer)
                                                        : TransactionIdIsCurrentTransactionId(written_by);
        Target *target = target_of_row(targets, SPI_tuptable, row);
        const bool is_new = by_guard ? target->guarded : by_us;
        decide(target, is_new ? TargetStatus::following : TargetStatus::already_following);
    }
    end_acting(acting);
    spi_end();
}

} // namespace follow
