#include "statement.h"

#include "pair_table.h"

#include <array>

namespace follow {

namespace {

/*
 * Every name is qualified and every operator named with its schema, so that the text means the same under every
 * search_path. No insert of the caller's names an arbiter or returns a row: either would need SELECT.
 *
 * A text names a table, but a graph is tables: schemas are renamed without a lock that we could hold against it, and
 * then the name may lead to what somebody else has put there. So names are read at the last moment, a plan is used only
 * while nothing has invalidated it, and what a text was understood to mean is checked before it is run (see plan.h).
 */

/** What stands after FROM. Partitions belong to a table, inheritance children never do. */
const char *rows_of(const PairTable &table) {
    return psprintf("%s%s", table.partitioned ? "" : "ONLY ", qualified_name(table.relation));
}

/**
 * The time of a row. A time without a zone is taken as UTC: under the session's zone two of them can be one point in
 * time, or one of them another, and no cursor could lead back to its row.
 */
const char *time_of(const PairTable &table) {
    const char *name = quoted(table.created_at);
    switch (table.created_at_type) {
    case TIMESTAMPTZOID:
        return psprintf("t.%s", name);
    case TIMESTAMPOID:
    case DATEOID:
        return psprintf("pg_catalog.timezone('UTC', t.%s::pg_catalog.timestamp)", name);
    default:
        return "NULL::pg_catalog.timestamptz";
    }
}

/** The parameter that holds a point in time, as the column has it. */
const char *time_parameter(const PairTable &table) {
    switch (table.created_at_type) {
    case TIMESTAMPOID:
        return "pg_catalog.timezone('UTC', $3)";
    case DATEOID:
        return "pg_catalog.timezone('UTC', $3)::pg_catalog.date";
    default:
        return "$3";
    }
}

/** The condition that a row is the pair of the two parameters, in this order. */
const char *is_pair(const PairTable &table, int from, int to) {
    return psprintf("t.%s OPERATOR(pg_catalog.=) $%d AND t.%s OPERATOR(pg_catalog.=) $%d", quoted(table.from), from,
                    quoted(table.to), to);
}

const char *find_text(const PairTable &table, const char *columns) {
    return psprintf("SELECT %s FROM %s t WHERE %s", columns, rows_of(table), is_pair(table, 1, 2));
}

const char *find_either_text(const PairTable &table) {
    const char *rows = rows_of(table);
    return psprintf("SELECT WHERE EXISTS (SELECT FROM %s t WHERE %s) OR EXISTS (SELECT FROM %s t WHERE %s)", rows,
                    is_pair(table, 1, 2), rows, is_pair(table, 2, 1));
}

/**
 * The users at the `other` end of the rows whose `key` is the first parameter, of those in the second. OFFSET 0 has
 * each of them probed by itself: a generic plan knows the length of no array, and would read all rows of the key
 * instead.
 */
const char *find_many_text(const PairTable &table, const Column &key, const Column &other, const char *more_columns) {
    return psprintf("SELECT t.* FROM pg_catalog.unnest($2) AS u, LATERAL (SELECT t.%s%s FROM %s t WHERE t.%s "
                    "OPERATOR(pg_catalog.=) $1 AND t.%s OPERATOR(pg_catalog.=) u OFFSET 0) t",
                    quoted(other), more_columns, rows_of(table), quoted(key), quoted(other));
}

const char *insert_text(const PairTable &table, const char *rows, const char *on_conflict) {
    return psprintf("INSERT INTO %s (%s, %s) %s%s", qualified_name(table.relation), quoted(table.from),
                    quoted(table.to), rows, on_conflict);
}

constexpr const char *one_row = "VALUES ($1, $2)";
constexpr const char *many_rows = "SELECT $1, u FROM pg_catalog.unnest($2) AS u";
constexpr const char *give_way = " ON CONFLICT DO NOTHING";

const char *remove_text(const PairTable &table, const char *condition) {
    return psprintf("DELETE FROM %s t WHERE %s", rows_of(table), condition);
}

/** Parameters: the user, how many rows, and the cursor. */
const char *list_text(const PairTable &table, const Column &key, const Column &other, bool after) {
    if (!OidIsValid(table.created_at_type)) {
        return nullptr;
    }
    const char *time = quoted(table.created_at);
    const char *cursor =
        psprintf(" AND ROW(t.%s, t.%s) OPERATOR(pg_catalog.<) ROW(%s, $4)", time, quoted(other), time_parameter(table));
    return psprintf("SELECT t.%s, %s FROM %s t WHERE t.%s OPERATOR(pg_catalog.=) $1%s%s ORDER BY t.%s DESC, t.%s DESC "
                    "LIMIT $2",
                    quoted(other), time_of(table), rows_of(table), quoted(key),
                    table.created_at_nullable ? psprintf(" AND t.%s IS NOT NULL", time) : "", after ? cursor : "", time,
                    quoted(other));
}

/** As list_text, of the rows without a time. */
const char *untimed_list_text(const PairTable &table, const Column &key, const Column &other, bool after) {
    const bool some_have = OidIsValid(table.created_at_type);
    return psprintf(
        "SELECT t.%s, NULL::pg_catalog.timestamptz FROM %s t WHERE t.%s OPERATOR(pg_catalog.=) $1%s%s ORDER "
        "BY t.%s DESC LIMIT $2",
        quoted(other), rows_of(table), quoted(key),
        some_have ? psprintf(" AND t.%s IS NULL", quoted(table.created_at)) : "",
        after ? psprintf(" AND t.%s OPERATOR(pg_catalog.<) $4", quoted(other)) : "", quoted(other));
}

/** Parameters: viewer, user, how many rows, and the cursor. In the order of the arbiter index, which holds both ends.
 */
const char *mutual_text(const PairTable &table, bool after) {
    const char *from = quoted(table.from);
    const char *to = quoted(table.to);
    return psprintf(
        "SELECT t.%s FROM %s t WHERE t.%s OPERATOR(pg_catalog.=) $1%s AND EXISTS (SELECT FROM %s b WHERE "
        "b.%s OPERATOR(pg_catalog.=) t.%s AND b.%s OPERATOR(pg_catalog.=) $2 OFFSET 0) ORDER BY t.%s LIMIT $3",
        to, rows_of(table), from, after ? psprintf(" AND t.%s OPERATOR(pg_catalog.>) $4", to) : "", rows_of(table),
        from, to, to, to);
}

const char *count_text(const PairTable &table) {
    const char *count = "(SELECT pg_catalog.count(*) FROM %s t WHERE t.%s OPERATOR(pg_catalog.=) $1)";
    const char *rows = rows_of(table);
    return psprintf("SELECT %s, %s", psprintf(count, rows, quoted(table.to)),
                    psprintf(count, rows, quoted(table.from)));
}

} // namespace

const char *text_of(const PairTable &table, Statement statement) {
    switch (statement) {
    case Statement::find_as_caller:
    case Statement::find_as_owner:
        return find_text(table, time_of(table));
    case Statement::probe:
        return find_text(table, "");
    case Statement::find_either:
        return find_either_text(table);
    case Statement::find_many:
        return find_many_text(table, table.from, table.to, ", t.xmin");
    case Statement::find_either_many:
        return psprintf("%s UNION ALL %s", find_many_text(table, table.from, table.to, ""),
                        find_many_text(table, table.to, table.from, ""));
    case Statement::find_many_as_caller:
        return find_many_text(table, table.from, table.to, "");
    case Statement::find_many_back_as_caller:
        return find_many_text(table, table.to, table.from, "");
    case Statement::insert:
        return insert_text(table, one_row, give_way);
    case Statement::insert_or_fail:
        return insert_text(table, one_row, "");
    case Statement::insert_many:
        return insert_text(table, many_rows, give_way);
    case Statement::insert_many_or_fail:
        return insert_text(table, many_rows, "");
    case Statement::remove:
        return remove_text(table, is_pair(table, 1, 2));
    case Statement::remove_either:
        return remove_text(table, psprintf("%s OR %s", is_pair(table, 1, 2), is_pair(table, 2, 1)));
    case Statement::list_from:
        return list_text(table, table.from, table.to, false);
    case Statement::list_from_after:
        return list_text(table, table.from, table.to, true);
    case Statement::list_from_untimed:
        return untimed_list_text(table, table.from, table.to, false);
    case Statement::list_from_untimed_after:
        return untimed_list_text(table, table.from, table.to, true);
    case Statement::list_to:
        return list_text(table, table.to, table.from, false);
    case Statement::list_to_after:
        return list_text(table, table.to, table.from, true);
    case Statement::list_to_untimed:
        return untimed_list_text(table, table.to, table.from, false);
    case Statement::list_to_untimed_after:
        return untimed_list_text(table, table.to, table.from, true);
    case Statement::mutual:
        return mutual_text(table, false);
    case Statement::mutual_after:
        return mutual_text(table, true);
    case Statement::count:
        return count_text(table);
    }
    pg_unreachable();
}

Reach reach_of(const PairTable &table, Statement statement) {
    switch (statement) {
    case Statement::find_as_owner:
    case Statement::find_either:
    case Statement::find_many:
    case Statement::find_either_many:
    case Statement::remove_either:
    case Statement::count:
        return Reach::this_table;
    case Statement::insert:
    case Statement::insert_or_fail:
    case Statement::insert_many:
    case Statement::insert_many_or_fail:
        return table.inserts_rewritten ? Reach::anything : Reach::this_table_and_more;
    case Statement::remove:
        return table.deletes_rewritten ? Reach::anything : Reach::this_table_and_more;
    default:
        return Reach::this_table_and_more;
    }
}

Parameters parameters_of(Statement statement) {
    static constexpr std::array<Oid, 2> pair{UUIDOID, UUIDOID};
    static constexpr std::array<Oid, 2> many{UUIDOID, UUIDARRAYOID};
    static constexpr std::array<Oid, 4> list{UUIDOID, INT8OID, TIMESTAMPTZOID, UUIDOID};
    static constexpr std::array<Oid, 4> mutual{UUIDOID, UUIDOID, INT8OID, UUIDOID};
    switch (statement) {
    case Statement::find_many:
    case Statement::find_either_many:
    case Statement::find_many_as_caller:
    case Statement::find_many_back_as_caller:
    case Statement::insert_many:
    case Statement::insert_many_or_fail:
        return {many.data(), many.size()};
    case Statement::list_from:
    case Statement::list_from_after:
    case Statement::list_from_untimed:
    case Statement::list_from_untimed_after:
    case Statement::list_to:
    case Statement::list_to_after:
    case Statement::list_to_untimed:
    case Statement::list_to_untimed_after:
        return {list.data(), list.size()};
    case Statement::mutual:
    case Statement::mutual_after:
        return {mutual.data(), mutual.size()};
    case Statement::count:
        return {pair.data(), 1};
    default:
        return {pair.data(), pair.size()};
    }
}

} // namespace follow
