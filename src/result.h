#pragma once

#include "pair.h"
#include "prelude.h"
#include "reading.h"
#include "store.h"
#include "target.h"

namespace follow {

/*
 * Forms the composites that functions return. `call` is the running call, whose declared type decides the columns.
 */

/** The status by its label and both users; and the row's time where `row` is given. */
Datum form_result(FunctionCallInfo call, const char *label, const Edge &edge, const EdgeRow *row = nullptr);

Datum form_counts(FunctionCallInfo call, const FollowCounts &counts);

/** Prepares a set of rows as the answer. */
ReturnSetInfo *begin_rows(FunctionCallInfo call);

/** Registers the callback that tells of functions that were dropped. To be called once, from _PG_init. */
void watch_results();

/** Puts each target with its status into the set. */
void put_targets(Targets targets, ReturnSetInfo *rows);

} // namespace follow
