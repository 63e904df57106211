#pragma once

#include "catalog.h"
#include "prelude.h"

namespace follow {

/** What becomes of the guards of the tables to attach. */
enum class Guards { put_on, take_off, leave };

/** What becomes of follows between users of whom one has blocked the other. */
enum class BlockedFollows { report, remove };

/**
 * Adopts two tables as the graph: the operation behind follow_attach_graph. Attaching the same tables again brings the
 * catalog and the guards up to date.
 *
 * @param function the running function of the extension
 * @param wanted the tables and the names of their columns, with numbers 0
 * @note locks: SHARE ROW EXCLUSIVE on both tables and on the catalog; ACCESS EXCLUSIVE where a guard is taken off
 * @note errors: 42501 where the caller does not own both tables; 42809, 42P17, 42703, 42804 where a table or column
 * does not serve; 55000 where other tables are attached
 */
void attach_graph(Oid function, const CatalogRow &wanted, Guards guards, BlockedFollows blocked_follows);

/**
 * Forgets the graph and takes its guards off: the operation behind follow_detach_graph.
 *
 * @note locks: SHARE ROW EXCLUSIVE on both tables and on the catalog; ACCESS EXCLUSIVE where a guard is taken off
 * @note errors: 42501 where the caller does not own the tables
 * @return false where there was none
 */
bool detach_graph(Oid function);

/**
 * Lets a row into the catalog table only where the current role owns both tables, and tells every session of any
 * change: the trigger on follow_graph. The owner of a database may insert there, because a restore that is not run by a
 * superuser does.
 *
 * @return the tuple to write; an inserted one with the numbers that the columns have here (see renumber_columns)
 * @note errors: 42501; 42P01 where a table does not exist
 */
HeapTuple check_catalog_change(const TriggerData &trigger);

} // namespace follow
