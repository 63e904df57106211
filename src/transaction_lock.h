#pragma once

#include "prelude.h"

namespace follow {

/**
 * Takes locks for the current (sub)transaction. Otherwise they would belong to the portal that runs the call, and go
 * with it: a cursor that fails inside a savepoint gives up what its earlier fetches locked, while the rows that those
 * wrote stay.
 */
template <typename Action> void locking_for_transaction(Action action) {
    const ResourceOwner owner = CurrentResourceOwner;
    CurrentResourceOwner = CurTransactionResourceOwner;
    action();
    CurrentResourceOwner = owner;
}

} // namespace follow
