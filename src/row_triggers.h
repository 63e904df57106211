#pragma once

#include "pair_table.h"
#include "prelude.h"

namespace follow {

/*
 * The AFTER ROW triggers of rows that are written without a statement: queued row by row, and fired when all are
 * written, but for those that are deferred. Nothing is set up before the first row that has any.
 */
struct RowTriggers {
    const PairTable *table;
    Relation relation;
    /** nullptr before the first row. */
    EState *state;
    ResultRelInfo *result;
    /** The queued rows are own writes. */
    bool own;
};

/**
 * Queues a row that was inserted.
 *
 * @param own an own write (see own_write.h): the guards have nothing to do
 */
void queue_insert(RowTriggers *triggers, TupleTableSlot *slot, bool own);

/** Queues a row that was deleted. */
void queue_delete(RowTriggers *triggers, ItemPointer row);

/** Fires what was queued and is not deferred; needs an active snapshot. */
void fire(RowTriggers *triggers);

} // namespace follow
