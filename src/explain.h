#pragma once

#include "prelude.h"

namespace follow {

/**
 * Puts into `rows`, for both tables and each way to reach them, which store serves the caller and what stands in the
 * way of the direct one (relation, access, rights, store, obstacle): the operation behind follow_explain.
 */
void explain_stores(Oid function, ReturnSetInfo *rows);

} // namespace follow
