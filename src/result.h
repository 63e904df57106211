#pragma once

#include "follow.h"
#include "prelude.h"

namespace follow {

/**
 * Forms the composite that follow_user returns.
 *
 * @param call the running call, whose declared result type is follow_result
 */
Datum form_follow_result(FunctionCallInfo call, const Edge &edge, const Followed &followed);

} // namespace follow
