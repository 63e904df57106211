#pragma once

#include "prelude.h"

namespace follow {

/**
 * Keeps the rules for whoever writes a table of the graph: the trigger follow_guard, FOR EACH ROW on INSERT and UPDATE.
 *
 * BEFORE the row it takes the pair's lock and tells nothing, since policies have not been asked yet. AFTER it decides
 * about the pair as it is stored, which another trigger may have changed: a follow is refused where a block is found; a
 * block removes the follows. Rows that the extension's own functions write have been decided already.
 *
 * @return the row to write
 * @note locks and errors: as follow and block; nothing is asked of the caller's rights, the statement has been
 */
HeapTuple guard(Oid function, const TriggerData &trigger);

} // namespace follow
