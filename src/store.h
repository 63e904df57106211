#pragma once

#include "graph.h"
#include "pair.h"
#include "prelude.h"
#include "status.h"

namespace follow {

/** An edge's row, as far as an answer needs it. */
struct EdgeRow {
    Look look;
    bool has_created_at;
    TimestampTz created_at;
};

/** With whose rights a look is taken. */
enum class Rights { caller, owner };

/** Whether an insert gives way to a row that conflicts with it, or fails with the name of the constraint. */
enum class OnConflict { give_way, fail };

/**
 * How an operation reaches the tables. Operations are written over this interface only; a store decides how a row is
 * found and written, never whether.
 *
 * Every look uses a snapshot of its own, taken when it is called. At SERIALIZABLE it looks through the transaction's
 * snapshot too, since what a newer snapshot reads is not tracked, and says Look::changed where the two differ.
 */
struct Store {
    /** Prepares for the calls below, and ends them. */
    void (*begin)();
    void (*end)();

    /** Looks for an edge. */
    EdgeRow (*find_edge)(Graph *graph, const Edge &edge, Rights rights);

    /** Looks, as the block table's owner, whether either end of the edge has blocked the other. */
    Look (*find_block)(Graph *graph, const Edge &edge);

    /**
     * Inserts an edge with the caller's rights: its policies and constraints speak first, then the edge that may
     * already be there. What a foreign key refuses is raised as PT403 where `block` was found, and as PT404 otherwise.
     */
    Inserted (*insert_edge)(Graph *graph, const Edge &edge, Look block, OnConflict on_conflict);

    /** Looks, as the owner of the users table, for the ends of an edge whose foreign keys may be checked later. */
    bool (*users_exist)(Graph *graph, const Edge &edge);
};

/** The store that serves every table: kept SPI plans. */
extern const Store spi_store;

} // namespace follow
