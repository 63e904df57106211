#pragma once

#include "prelude.h"

#include <cstddef>

namespace follow {

struct PairTable;

/** The statements whose plans are kept for a table of pairs. Those named _many take an array in the place of `to`. */
enum class Statement : std::size_t {
    /** The pair's row and its time. */
    find_as_caller,
    find_as_owner,
    /** Whether there is the pair's row; needs no more than the pair's columns. */
    probe,
    /** Whether there is a row of the pair in either direction. */
    find_either,
    /** Which of many are at the other end: with the transaction that wrote each row; in either direction; as the
       caller. */
    find_many,
    find_either_many,
    find_many_as_caller,
    find_many_back_as_caller,
    insert,
    insert_or_fail,
    insert_many,
    insert_many_or_fail,
    remove,
    /** Both directions. */
    remove_either,
    /** Pages of a list, newest first: from the start, after a cursor, and of rows without a time. */
    list_from,
    list_from_after,
    list_from_untimed,
    list_from_untimed_after,
    list_to,
    list_to_after,
    list_to_untimed,
    list_to_untimed_after,
    mutual,
    mutual_after,
    count,
};

constexpr std::size_t statement_count = static_cast<std::size_t>(Statement::count) + 1;

/** What a statement may refer to: its table alone; what policies add; or what rules make of it. */
enum class Reach { this_table, this_table_and_more, anything };

/** The parameters of a statement, by their types. */
struct Parameters {
    const Oid *types;
    int count;
};

/** SQL for a statement, with the names that the table and its columns have now; palloc'd. */
const char *text_of(const PairTable &table, Statement statement);

Reach reach_of(const PairTable &table, Statement statement);

Parameters parameters_of(Statement statement);

} // namespace follow
