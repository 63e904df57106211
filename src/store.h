#pragma once

#include "pair.h"
#include "pair_table.h"
#include "prelude.h"
#include "status.h"
#include "target.h"

namespace follow {

/** An edge's row, as far as an answer needs it. */
struct EdgeRow {
    Look look;
    bool has_created_at;
    TimestampTz created_at;

    friend bool operator==(const EdgeRow &, const EdgeRow &) = default;
};

constexpr EdgeRow no_row{Look::absent, false, 0};

/** With whose rights a look is taken. */
enum class Rights { caller, owner };

/**
 * Whether an insert gives way to a row that conflicts with it, or fails with the name of the constraint. One that gives
 * way looks for such a row first, unless the caller has: then one can only have come in just now.
 */
enum class OnConflict { look_and_give_way, give_way, fail };

/**
 * Through which snapshot a store sees: the latest, the transaction's own, or the one by which a write judges what
 * others did. That is the latest: at REPEATABLE READ a repeated follow is no error, and a user who was deleted since is
 * not there. But at SERIALIZABLE it is the transaction's own, with the 40001 that it brings.
 *
 * It is taken at the last moment: a store may wait for a lock before, and then nothing older would do.
 */
enum class View { latest, transaction, write };

Snapshot snapshot_of(View view);

/**
 * What a row that is deleted must be visible to beside the view: at SERIALIZABLE the transaction's own snapshot, where
 * it is not the view itself; otherwise InvalidSnapshot.
 */
Snapshot crosscheck_of(View view);

/** What a write did: whether it wrote the row, and what is known of the row afterwards; no_row where one has to look.
 */
struct Write {
    bool done;
    EdgeRow row;
};

/**
 * How the rows of one table of pairs are reached. A store decides how a row is found and written, never whether:
 * operations are written over the functions of edges.h only.
 */
struct Store {
    /** Looks for an edge. */
    EdgeRow (*find)(PairTable *table, const Edge &edge, Rights rights, View view);

    /** Looks, as the table's owner, whether there is an edge in either direction. */
    bool (*find_either)(PairTable *table, const Edge &edge, View view);

    /** Inserts an edge with the caller's rights. */
    Write (*insert)(PairTable *table, const Edge &edge, OnConflict on_conflict);

    /**
     * Deletes an edge with the caller's rights.
     *
     * @return whether there was one that the caller may delete
     */
    bool (*remove)(PairTable *table, const Edge &edge);

    /** Deletes, as the table's owner, the edges of both directions. What a crosscheck does not see is 40001. */
    void (*remove_either)(PairTable *table, const Edge &edge, View view);
};

/**
 * The store that serves a table: the direct one where it can, which depends on the table and, for the caller's own
 * rows, on the caller's role; else the one of kept SPI plans.
 */
const Store &store_of(const PairTable &table, Access access, Rights rights);

/** Whether that is the direct store. */
bool is_direct(const PairTable &table, Access access, Rights rights);

/** Defines the setting follow_ext.store. To be called once, from _PG_init. */
void define_store_setting();

} // namespace follow
