#pragma once

#include "prelude.h"

#include <array>

namespace follow {

struct PairTable;

/** A foreign key from one column of a pair to the table where users live. */
struct UserReference {
    Oid constraint;
    Oid users_table;
    AttrNumber users_column;
    /** Which column of the pair it holds. */
    bool of_from;
    /** The constraint may be checked as late as at commit, when no answer can tell of it. */
    bool deferrable;
    /** False for NOT VALID: rows from before may miss their users. */
    bool validated;
    /** Kept plans: the look for one user, and for many. */
    SPIPlanPtr find_one;
    SPIPlanPtr find_many;
    UserReference *next;
};

/** Finds out where users live: where a column of the pair has a foreign key of its own, that key tells. */
void describe_foreign_keys(Relation relation, PairTable *table);

/**
 * Whether an error is one of the table's own foreign keys, not one of another table that a trigger wrote to. A
 * partition reports a violation under its own name, and of the constraint that it inherited: looked up when it happens,
 * since partitions come and go.
 */
bool is_missing_user(const PairTable &table, const ErrorData &error);

/** Whether an error is a unique violation (23505) of the table itself or of a partition of it. */
bool is_repeated_row(const PairTable &table, const ErrorData &error);

} // namespace follow
