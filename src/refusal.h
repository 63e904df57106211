#pragma once

#include "graph.h"
#include "pair.h"
#include "prelude.h"
#include "status.h"

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

/** Refuses an edge from a user to the same user: 22023. */
void require_two_users(const Edge &edge, Role role);

/** Refuses an edge beside a block: PT403, or 40001 where no answer fits both snapshots. */
void refuse_blocked(Look block);

/** The hint of every 40001 that leaves the extension. */
extern const char *const retry_hint;

} // namespace follow
