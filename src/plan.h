#pragma once

#include "pair_table.h"
#include "prelude.h"

namespace follow {

/*
 * Plans that a session keeps for a table. A plan that something has invalidated is not made anew from its text, in
 * which names may have changed their meaning: it is prepared again, and what its text was understood to mean is
 * checked.
 */

/** The tables that a text may mean. */
struct Tables {
    Oid one;
    Oid other;
};

/** The plan of a statement, kept or newly made. To be called as the role that will run it, inside SPI. */
SPIPlanPtr plan_of(PairTable *table, Statement statement);

/** A plan for once, of a text without parameters over these tables. */
SPIPlanPtr plan_over(Tables tables, const char *text);

/** As plan_of: finds one user ($1 or $2 of a pair), and keeps the row there. */
SPIPlanPtr find_one_user_plan(UserReference *user);

/** As plan_of: finds the users of an array ($2), and keeps their rows there. */
SPIPlanPtr find_many_users_plan(UserReference *user);

/**
 * Runs a plan with a snapshot of its own for what it sees and writes.
 *
 * @param nulls as SPI takes them, or nullptr
 * @param snapshot InvalidSnapshot: the transaction's own
 * @param crosscheck InvalidSnapshot, or what each row to be changed must be visible to as well (40001 otherwise)
 * @return the number of rows found or written; the rows are in SPI_tuptable
 */
uint64 run_plan(SPIPlanPtr plan, Datum *values, const char *nulls, Snapshot snapshot,
                Snapshot crosscheck = InvalidSnapshot);

/** Runs a plan that only reads, with the snapshot of the calling statement. */
uint64 read_plan(SPIPlanPtr plan, Datum *values, const char *nulls);

} // namespace follow
