#pragma once

#include "prelude.h"
#include "refusal.h"
#include "rights.h"

namespace follow {

/*
 * What becomes of the errors of a write, of one edge or of many.
 */

/**
 * Whether an error of an insert comes after the caller's policies have passed its rows. It does not where a trigger
 * that runs before a row has statements of its own, unless a guard has met a row since. Where no policies apply, it
 * does not matter.
 *
 * @param policies whether policies apply
 */
bool comes_after_policies(const PairTable &table, bool policies);

/** Runs an action whose errors `change` may replace by another, or give a hint. */
template <typename Action, typename Change> void changing_errors(Action action, Change change) {
    const MemoryContext context = CurrentMemoryContext;
    PG_TRY();
    { action(); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        ErrorData *error = CopyErrorData();
        if (change(error)) {
            FlushErrorState();
            ReThrowError(error);
        }
        PG_RE_THROW();
    }
    PG_END_TRY();
}

/** Gives the hint of every 40001 that leaves the extension to one that has none. */
inline bool add_retry_hint(ErrorData *error) {
    if (error->sqlerrcode != ERRCODE_T_R_SERIALIZATION_FAILURE || error->hint != nullptr) {
        return false;
    }
    error->hint = pstrdup(retry_hint);
    return true;
}

template <typename Action> void hinting_at_retry(Action action) {
    changing_errors(action, add_retry_hint);
}

/** Runs an insert, and turns the refusal of the table's own foreign keys into PT404. */
template <typename Action> void refusing_missing_users(const PairTable &table, bool policies, Action action) {
    changing_errors(action, [&table, policies](ErrorData *error) {
        if (is_missing_user(table, *error) && comes_after_policies(table, policies)) {
            FlushErrorState();
            raise_no_such_user();
        }
        return add_retry_hint(error);
    });
}

} // namespace follow
