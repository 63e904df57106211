#pragma once

#include "pair.h"
#include "prelude.h"
#include "target.h"

namespace follow {

/*
 * What this session's own functions are writing at the moment, so that the guards do nothing twice. They skip the exact
 * rows only: a table's trigger may write other pairs meanwhile, or the same pair into the other table. A note counts in
 * the subtransaction in which it was made, so that an abort takes it back by itself.
 */

/** Notes that an edge that has been decided under its lock is about to be written. */
void expect_own_write(Oid relation, const Edge &edge);

/** As expect_own_write, for the edges from one user to those of many that are undecided; sorted, and not to be moved.
 */
void expect_own_writes(Oid relation, const Uuid &from, Targets targets);

/** Nothing more is expected: the statement is over, or what was decided may no longer hold. */
void forget_own_writes();

/**
 * Whether a guard has met a row of the statement that was noted last, also after that has failed: rows are met after
 * the last of them was inserted, and so after the policies have passed them all.
 */
bool own_writes_were_met();

/** Whether the edge is expected, so that its lock is held. */
bool is_own_write(Oid relation, const Edge &edge);

/** As is_own_write, and strikes it out: a second row of the same pair is not ours. */
bool consume_own_write(Oid relation, const Edge &edge);

} // namespace follow
