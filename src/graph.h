#pragma once

#include "catalog.h"
#include "pair_table.h"
#include "prelude.h"
#include "statement.h"

#include <array>

namespace follow {

/** A foreign key from one end of an edge to the table where users live. */
struct UserReference {
    Oid users_table;
    AttrNumber users_column;
    /** Which end of the edge it holds. */
    bool of_follower;
    /** The constraint may be checked as late as at commit, when no answer can tell of it. */
    bool deferrable;
    SPIPlanPtr plan;
    UserReference *next;
};

/** A foreign key's name where it reports a violation: on the follow table, or on a partition of it. */
struct ForeignKeyName {
    NameData schema;
    NameData table;
    NameData constraint;
    ForeignKeyName *next;
};

/** What a session knows of the attached graph. Kept until an invalidation reaches one of its tables. */
struct Graph {
    MemoryContext context;
    Oid catalog;
    PairTable follow;
    PairTable block;
    /** SQL for an edge's time of creation: a column, converted where it is no timestamptz, or a NULL. */
    const char *created_at;
    /** That column's number, or InvalidAttrNumber. */
    AttrNumber created_at_number;
    UserReference *users;
    ForeignKeyName *foreign_keys;
    std::array<SPIPlanPtr, statement_count> plans;
    bool complete;
    bool stale;
};

/**
 * Gives the attached graph, from the session's cache or newly examined, and locks both tables in AccessShareLock, so
 * that nobody alters them before the transaction ends.
 *
 * The result stays allocated until the end of the transaction, even where an invalidation replaces it meanwhile.
 *
 * @param function a function of the extension: its schema is where the catalog table is
 * @note errors: 55000 where no graph is attached, or its tables no longer serve
 */
Graph *open_graph(Oid function);

/** Registers the callbacks by which other sessions' changes reach the cache. To be called once, from _PG_init. */
void watch_invalidations();

/**
 * Describes both tables and checks that they belong together.
 *
 * @param follow_table, block_table opened and locked
 * @return whether they can be a graph; if not, `defect` says why
 */
bool describe_graph(Relation follow_table, Relation block_table, const CatalogRow &row, Graph *graph, Defect *defect);

} // namespace follow
