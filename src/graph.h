#pragma once

#include "catalog.h"
#include "pair_table.h"
#include "prelude.h"

namespace follow {

/** What a session knows of the attached graph. Kept until an invalidation reaches one of its tables. */
struct Graph {
    MemoryContext context;
    Oid catalog;
    PairTable follow;
    PairTable block;
    /** Both users of a block exist, by foreign keys that are not deferrable: who is missing has no blocks. */
    bool blocks_have_users;
    bool complete;
    bool stale;
};

/** Which of a graph's two tables. */
enum class Role { follow, block };

inline PairTable *table_of(Graph *graph, Role role) {
    if (role == Role::follow) {
        return &graph->follow;
    }
    return &graph->block;
}

bool have_same_tables(const Graph &a, const Graph &b);

/** How a graph's tables are locked; NoLock for one that is not used, or that one locks oneself. */
struct TableLocks {
    LOCKMODE follow;
    LOCKMODE block;
};

constexpr TableLocks locks_to_read{AccessShareLock, AccessShareLock};

void lock_tables(const Graph &graph, TableLocks locks);

/**
 * Gives the attached graph, from the session's cache or newly examined, with its tables locked, so that nobody alters
 * them before the transaction ends.
 *
 * The result stays allocated until the end of the transaction, even where an invalidation replaces it meanwhile.
 *
 * @param function a function of the extension: its schema is where the catalog table is
 * @note errors: 55000 where no graph is attached, or its tables no longer serve
 */
Graph *open_graph(Oid function, TableLocks locks = locks_to_read);

/** As open_graph, but nullptr where no graph is attached. */
Graph *open_graph_if_attached(Oid function, TableLocks locks = locks_to_read);

/** Registers the callbacks by which other sessions' changes reach the cache. To be called once, from _PG_init. */
void watch_invalidations();

/**
 * Describes both tables and checks that they belong together.
 *
 * @param follow_table, block_table opened and locked
 * @return whether they can be a graph; if not, `defect` says why
 */
bool describe_graph(Oid function, Relation follow_table, Relation block_table, const CatalogRow &row, Graph *graph,
                    Defect *defect);

} // namespace follow
