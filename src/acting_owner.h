#pragma once

#include "prelude.h"

namespace follow {

/** Whom to go back to when the owner's part is over. Plain data: an error leaves it to the transaction's abort. */
struct ActingOwner {
    Oid caller;
    int caller_context;
    int guc_level;
};

/**
 * Becomes the owner of a relation, as foreign-key checks do, with a search_path in which nobody but the owner decides
 * what a name means: pg_catalog, the relation's schema, pg_temp last.
 *
 * Row security that the owner forces on itself does not apply in between. If an error is thrown, the abort of the
 * (sub)transaction brings role and settings back.
 *
 * @param owner the role to become
 * @param schema the relation's schema, under the name that it has now
 * @return what end_acting needs
 * @note errors: 55000 where the schema is gone
 */
ActingOwner begin_acting(Oid owner, Oid schema);

/** Becomes the caller again. */
void end_acting(const ActingOwner &acting);

} // namespace follow
