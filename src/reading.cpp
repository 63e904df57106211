#include "reading.h"

#include "acting_owner.h"
#include "direct_store.h"
#include "graph.h"
#include "plan.h"
#include "spi_store.h"
#include "target.h"

#include <array>
#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<Cursor> && std::is_trivially_destructible_v<FollowCounts>);

namespace {

bool reads_edge(const PairTable &follows, const Edge &edge) {
    Probe reading = begin_reading(follows);
    const bool found = probe(&reading, edge);
    end_probe(&reading);
    return found;
}

bool selects_edge(PairTable *follows, const Edge &edge) {
    spi_begin();
    std::array<Datum, 2> values{uuid_datum(edge.from), uuid_datum(edge.to)};
    const bool found = read_plan(plan_of(follows, Statement::probe), values.data(), nullptr) > 0;
    spi_end();
    return found;
}

/** Copies what a plan found, column by column. */
void put_found_rows(ReturnSetInfo *rows) {
    constexpr int most_columns = 2;
    std::array<Datum, most_columns> values{};
    std::array<bool, most_columns> nulls{};
    for (uint64 row = 0; row < SPI_tuptable->numvals; row++) {
        for (int column = 0; column < rows->setDesc->natts; column++) {
            values[column] = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column + 1, &nulls[column]);
        }
        tuplestore_putvalues(rows->setResult, rows->setDesc, values.data(), nulls.data());
    }
}

/** The statements of a list, with and without a cursor. */
struct ListStatements {
    Statement timed;
    Statement timed_after;
    Statement untimed;
    Statement untimed_after;
};

constexpr ListStatements statements_of(List list) {
    if (list == List::followers) {
        return {Statement::list_to, Statement::list_to_after, Statement::list_to_untimed,
                Statement::list_to_untimed_after};
    }
    return {Statement::list_from, Statement::list_from_after, Statement::list_from_untimed,
            Statement::list_from_untimed_after};
}

/** @return how many rows were found */
uint64 put_list(PairTable *follows, Statement statement, const Uuid &user, uint64 size, const Cursor &cursor,
                ReturnSetInfo *rows) {
    std::array<Datum, 4> values{uuid_datum(user), Int64GetDatum(static_cast<int64>(size)),
                                TimestampTzGetDatum(cursor.created_at), uuid_datum(cursor.user)};
    const std::array<char, 5> nulls{' ', ' ', cursor.has_created_at ? ' ' : 'n', cursor.has_user ? ' ' : 'n', '\0'};
    const uint64 found = read_plan(plan_of(follows, statement), values.data(), nulls.data());
    put_found_rows(rows);
    return found;
}

} // namespace

bool is_following(Oid function, const Edge &edge) {
    Graph *graph = open_graph(function, {AccessShareLock, NoLock});
    return is_direct(graph->follow, Access::look, Rights::caller) ? reads_edge(graph->follow, edge)
                                                                  : selects_edge(&graph->follow, edge);
}

FollowCounts count_follows(Oid function, const Uuid &user) {
    Graph *graph = open_graph(function);
    spi_begin();
    const ActingOwner acting = begin_acting(graph->follow.owner, graph->follow.schema);
    std::array<Datum, 1> values{uuid_datum(user)};
    read_plan(plan_of(&graph->follow, Statement::count), values.data(), nullptr);
    bool null = false;
    const HeapTuple row = SPI_tuptable->vals[0];
    const FollowCounts counts{DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &null)),
                              DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &null))};
    end_acting(acting);
    spi_end();
    return counts;
}

void read_list(Oid function, List list, const Uuid &user, int64 size, const Cursor &cursor, ReturnSetInfo *rows) {
    Graph *graph = open_graph(function);
    PairTable *follows = &graph->follow;
    const ListStatements statements = statements_of(list);
    const bool has_times = OidIsValid(follows->created_at_type);
    const bool among_untimed = cursor.has_user && !cursor.has_created_at;
    auto open = static_cast<uint64>(size);
    spi_begin();
    if (has_times && !among_untimed) {
        const Statement statement = cursor.has_user ? statements.timed_after : statements.timed;
        open -= put_list(follows, statement, user, open, cursor, rows);
    }
    const bool some_are_untimed = !has_times || follows->created_at_nullable;
    if (open > 0 && (some_are_untimed || among_untimed)) {
        const Statement statement = among_untimed ? statements.untimed_after : statements.untimed;
        put_list(follows, statement, user, open, cursor, rows);
    }
    spi_end();
}

void read_mutual_followers(Oid function, const Uuid &viewer, const Uuid &user, int64 size, const Cursor &cursor,
                           ReturnSetInfo *rows) {
    Graph *graph = open_graph(function);
    spi_begin();
    std::array<Datum, 4> values{uuid_datum(viewer), uuid_datum(user), Int64GetDatum(size), uuid_datum(cursor.user)};
    const std::array<char, 5> nulls{' ', ' ', ' ', cursor.has_user ? ' ' : 'n', '\0'};
    const Statement statement = cursor.has_user ? Statement::mutual_after : Statement::mutual;
    read_plan(plan_of(&graph->follow, statement), values.data(), nulls.data());
    put_found_rows(rows);
    spi_end();
}

} // namespace follow
