#pragma once

#include "prelude.h"

#include <type_traits>

namespace follow {

/** Whether a subtransaction's work stays. */
enum class Ending { keep, take_back };

/** At REPEATABLE READ a row came in or went between a statement's snapshot and its write (40001). */
inline bool is_serialization_race(const ErrorData &error) {
    return error.sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE && XactIsoLevel == XACT_REPEATABLE_READ;
}

/**
 * Runs an action in a subtransaction of its own.
 *
 * @param action returns how the subtransaction is to end
 * @param is_race errors for which the subtransaction is taken back; any other error goes on
 * @return false where it was such an error
 */
template <typename Action, typename IsRace> bool survives_races(Action action, IsRace is_race) {
    static_assert(std::is_trivially_destructible_v<Action> && std::is_trivially_destructible_v<IsRace>);
    const MemoryContext context = CurrentMemoryContext;
    const ResourceOwner owner = CurrentResourceOwner;
    volatile bool survived = true;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context);
    PG_TRY();
    {
        if (action() == Ending::keep) {
            ReleaseCurrentSubTransaction();
        } else {
            RollbackAndReleaseCurrentSubTransaction();
        }
        MemoryContextSwitchTo(context);
        CurrentResourceOwner = owner;
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        ErrorData *error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        MemoryContextSwitchTo(context);
        CurrentResourceOwner = owner;
        if (!is_race(*error)) {
            ReThrowError(error);
        }
        FreeErrorData(error);
        survived = false;
    }
    PG_END_TRY();
    return survived;
}

/**
 * Runs an action, at REPEATABLE READ in subtransactions: what lost a race is run again with a newer snapshot, a few
 * times; then the error goes on.
 */
template <typename Action> void outlast_races(Action action) {
    constexpr int attempts = 10;
    if (XactIsoLevel != XACT_REPEATABLE_READ) {
        action();
        return;
    }
    for (int attempt = 1; attempt < attempts; attempt++) {
        CHECK_FOR_INTERRUPTS();
        const auto keep = [action] {
            action();
            return Ending::keep;
        };
        if (survives_races(keep, is_serialization_race)) {
            return;
        }
    }
    action();
}

} // namespace follow
