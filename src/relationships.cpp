#include "reading.h"

#include "direct_store.h"
#include "graph.h"
#include "plan.h"
#include "probe.h"
#include "spi_store.h"
#include "target.h"

#include <array>

namespace follow {

namespace {

/** What a viewer can be to a user; also the columns of the answer, which begin with the user. */
enum Relationship : std::size_t { user_id, following, followed_by, blocking, relationship_columns };

/** The relationships to each of some users, one bit for each. */
struct Relationships {
    Targets users;
    uint8 *bits;
};

constexpr uint8 bit_of(Relationship relationship) {
    return static_cast<uint8>(1U << relationship);
}

Relationships nothing_known(const UuidArray &users) {
    const std::size_t size = static_cast<std::size_t>(users.count);
    Targets targets{static_cast<Target *>(MemoryContextAllocHuge(CurrentMemoryContext, size * sizeof(Target) + 1)), 0};
    for (int i = 0; i < users.count; i++) {
        if (!users.nulls[i]) {
            targets.first[targets.count++] = {
                uuid_of(users.values[i]), static_cast<std::uint32_t>(i), {}, false, false};
        }
    }
    return {sort_distinct(targets), static_cast<uint8 *>(palloc0(size + 1))};
}

uint8 *bits_of(const Relationships &known, const Uuid &user) {
    return &known.bits[find_target(known.users, user) - known.users.first];
}

/** Notes a relationship to each user at the other end of an edge. */
void read_edges(const PairTable &table, End viewer_is, const Uuid &viewer, const Relationships &known,
                Relationship relationship) {
    bool *marks = new_marks(known.users);
    Probe reading = begin_reading(table);
    mark_others(&reading, viewer_is, viewer, known.users, marks);
    end_probe(&reading);
    for (std::size_t i = 0; i < known.users.count; i++) {
        if (marks[i]) {
            known.bits[i] |= bit_of(relationship);
        }
    }
    pfree(marks);
}

void select_edges(PairTable *table, End viewer_is, const Uuid &viewer, const Relationships &known,
                  Relationship relationship) {
    const Statement statement =
        viewer_is == End::from ? Statement::find_many_as_caller : Statement::find_many_back_as_caller;
    spi_begin();
    std::array<Datum, 2> values{uuid_datum(viewer), undecided_users(known.users)};
    read_plan(plan_of(table, statement), values.data(), nullptr);
    for (uint64 row = 0; row < SPI_tuptable->numvals; row++) {
        bool null = false;
        const Datum user = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1, &null);
        *bits_of(known, uuid_of(user)) |= bit_of(relationship);
    }
    spi_end();
}

void look_up(PairTable *table, End viewer_is, const Uuid &viewer, const Relationships &known,
             Relationship relationship) {
    if (is_direct(*table, Access::look, Rights::caller)) {
        read_edges(*table, viewer_is, viewer, known, relationship);
    } else {
        select_edges(table, viewer_is, viewer, known, relationship);
    }
}

void put_row(const UuidArray &users, int i, const Relationships &known, ReturnSetInfo *rows) {
    std::array<Datum, relationship_columns> values{};
    std::array<bool, relationship_columns> nulls{};
    nulls[user_id] = users.nulls[i];
    values[user_id] = users.values[i];
    const uint8 bits = users.nulls[i] ? 0 : *bits_of(known, uuid_of(users.values[i]));
    for (const Relationship relationship : {following, followed_by, blocking}) {
        values[relationship] = BoolGetDatum((bits & bit_of(relationship)) != 0);
    }
    tuplestore_putvalues(rows->setResult, rows->setDesc, values.data(), nulls.data());
}

} // namespace

void read_relationships(Oid function, const Uuid &viewer, const UuidArray &users, ReturnSetInfo *rows) {
    Graph *graph = open_graph(function);
    const Relationships known = nothing_known(users);
    look_up(&graph->follow, End::from, viewer, known, following);
    look_up(&graph->follow, End::to, viewer, known, followed_by);
    look_up(&graph->block, End::from, viewer, known, blocking);
    for (int i = 0; i < users.count; i++) {
        put_row(users, i, known, rows);
    }
}

} // namespace follow
