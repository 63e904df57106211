#pragma once

#include "prelude.h"
#include "uuid.h"

#include <optional>

namespace follow {

/**
 * Who is signed in: the claim `sub` of the JSON web token that PostgREST leaves in request.jwt.claims, or, from servers
 * that set one variable for each claim, in request.jwt.claim.sub.
 *
 * @return nothing where nobody is, where `sub` is no uuid, and where the claims are no JSON: policies call this for
 * each statement, and must not fail
 */
std::optional<Uuid> caller_id();

/**
 * As caller_id, for calls that need somebody.
 *
 * @note errors: PT401
 */
Uuid require_caller_id();

} // namespace follow
