#pragma once

#include "prelude.h"

namespace follow {

/*
 * The errors that several places raise. PostgREST turns PTnnn into the HTTP status nnn and puts the message into the
 * status line: one short plain line without values.
 */

/** PT403 */
[[noreturn]] void raise_blocked();

/** PT404 */
[[noreturn]] void raise_no_such_user();

/** 40001. Only for a transaction that can succeed when it is run again, so never at READ COMMITTED. */
[[noreturn]] void raise_serialization_failure();

/** The hint of every 40001 that leaves the extension. */
extern const char *const retry_hint;

} // namespace follow
