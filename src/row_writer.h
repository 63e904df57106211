#pragma once

#include "pair_table.h"
#include "row_triggers.h"
#include "store.h"

namespace follow {

/*
 * Inserts rows into a plain table (see plain_table.h) as the executor's ModifyTable does, without a statement. What a
 * statement would compile each time, defaults, constraints and the expressions of indexes, is kept with the table's
 * description; it is made anew for another role, whose right to call the functions in them is checked then, when a role
 * changes, and after an error.
 */

/** Inserts under way, from begin_inserts to end_inserts. Plain data: an error leaves it to the transaction's abort. */
struct Rows {
    PairTable *table;
    Relation relation;
    RowTriggers triggers;
};

/** Whether an insert is under way further up the stack: a function in a default may follow, too. */
bool is_writing(const PairTable &table);

/**
 * Begins to insert rows with the caller's rights.
 *
 * @note locks: ROW EXCLUSIVE on the indexes
 * @note errors: 42501
 */
Rows begin_inserts(PairTable *table);

/**
 * Inserts an edge as INSERT ... ON CONFLICT DO NOTHING does, or as INSERT.
 *
 * @return whether it was inserted, and its row where no trigger can change that
 * @note errors: those of the table's constraints; 23505 where it is to fail
 */
Write insert_row(Rows *rows, const Edge &edge, OnConflict on_conflict);

/** Fires the triggers and makes the rows visible to the transaction's next look. */
void end_inserts(Rows *rows);

/** Registers the callbacks that tell of changed roles. To be called once, from _PG_init. */
void watch_roles();

} // namespace follow
