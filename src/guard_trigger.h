#pragma once

#include "graph.h"
#include "prelude.h"

namespace follow {

/** The function of the guards; InvalidOid before the SQL of release 0.2.0, which brings it. */
Oid guard_function(Oid function);

/**
 * Puts the guards on a table and, by PostgreSQL's own rules, on its partitions. Guards that are there and as they
 * should be stay.
 *
 * @param function a function of the extension
 * @param relation locked in ShareRowExclusiveLock
 * @param role what the table is: the moment of the guard among the table's other triggers depends on it
 * @note locks: ACCESS EXCLUSIVE where a guard has to be replaced
 * @note errors: 42501 where the caller may not create triggers on the table, or on a partition of another owner
 */
void put_guards_on(Oid function, Relation relation, Role role);

/**
 * Takes the guards off.
 *
 * @note locks: ACCESS EXCLUSIVE where there are any
 */
void take_guards_off(Oid function, Oid table);

} // namespace follow
