#pragma once

#include "foreign_key.h"
#include "prelude.h"
#include "statement.h"

#include <array>

namespace follow {

/** A column: as the catalog remembers it (the number only helps over a rename) or as it is now. */
struct Column {
    NameData name;
    AttrNumber number;
};

/** The guard that takes the pair's lock before a row. */
constexpr const char *lock_guard_name = "zz_follow_ext_lock";

struct RowWriter;

/** What is done with a table's rows. */
enum class Access : std::size_t { look, insert, remove };
constexpr std::size_t access_count = static_cast<std::size_t>(Access::remove) + 1;

/** An attached table of pairs: two uuid columns, and a unique index on exactly these two, in either order. */
struct PairTable {
    Oid relation;
    Oid owner;
    Oid schema;
    bool partitioned;
    /** INSERT or UPDATE rules exist. */
    bool inserts_rewritten;
    /** ON CONFLICT is possible: there are no such rules, and no constraint of another index that is checked later. */
    bool gives_way;
    /** Triggers other than the guard run before a row is inserted, and may run statements of their own. */
    bool runs_before_insert;
    /** DELETE rules exist, so that a row may survive its removal. */
    bool deletes_rewritten;
    Column from;
    Column to;
    /** Its column for the time of creation: an empty name and InvalidOid where it has none. */
    Column created_at;
    Oid created_at_type;
    bool created_at_nullable;
    UserReference *users;
    /** The unique index on the pair, and whether its first column is `to`. */
    Oid arbiter;
    bool arbiter_reversed;
    /** Snapshots from before this transaction must not use the arbiter (pg_index.indcheckxmin); mostly invalid. */
    TransactionId arbiter_since;
    /** Indexes by which all of a user's edges are read, from the user and to the user; invalid where none serves. */
    Oid index_from;
    Oid index_to;
    /** All indexes, by OID. */
    List *indexes;
    /** Row security is enabled, whether or not it applies to a role. */
    bool row_security;
    /** The owner may read and delete, as owners may unless they revoke it from themselves. */
    bool owner_has_rights;
    /** Why the direct store cannot serve the table, by Access; nullptr where it can (see plain_table.h). */
    std::array<const char *, access_count> obstacles;
    /** What the caller needs for each Access, as the executor checks it. */
    std::array<compat::RangeTable, access_count> rights;
    /** The guard's function: its triggers have nothing to do for the extension's own writes. */
    Oid guard;
    /** AFTER ROW triggers fire on INSERT, on DELETE; on INSERT others than guards and foreign keys. */
    bool fires_after_insert;
    bool fires_after_own_insert;
    bool fires_after_delete;
    bool runs_after_insert;
    /** Where what belongs to the table is kept. */
    MemoryContext context;
    RowWriter *writer;
    /** Kept plans, by Statement. */
    std::array<SPIPlanPtr, statement_count> plans;
};

inline const compat::RangeTable &rights_to(const PairTable &table, Access access) {
    return table.rights[static_cast<std::size_t>(access)];
}

/** Why a relation can't be (or no longer is) a table of pairs: the parts of an error report, palloc'd. */
struct Defect {
    int code;
    const char *message;
    const char *hint;
};

/**
 * Finds the column that is remembered: the one of that name, else the one that had it before a rename. The name comes
 * first because numbers shift when a table with a dropped column is restored.
 *
 * @return the attribute, or nullptr where neither the name nor the number leads to a column
 */
Form_pg_attribute find_column(Relation relation, const Column &remembered);

/**
 * Examines a relation from its catalog entries alone, evaluating nothing.
 *
 * @param relation opened and locked
 * @param from, to the two columns of the pair, as remembered or as an argument names them (number 0)
 * @param table receives the description
 * @param defect receives the reason where it can't be used
 * @return whether the relation can be used
 */
bool describe_pair_table(Relation relation, const Column &from, const Column &to, PairTable *table, Defect *defect);

/**
 * Finds the column that holds the time of creation.
 *
 * @param remembered an empty name where there is none
 * @return whether it can be used, or there is none; if not, `defect` says why
 */
bool describe_created_at(Relation relation, const Column &remembered, PairTable *table, Defect *defect);

/** The column's name, quoted where SQL needs it. */
const char *quoted(const Column &column);

/**
 * The name that a relation has now, with its schema, quoted where SQL needs it; palloc'd.
 *
 * @note errors: 55000 where it is gone: a trigger of a call's own can drop what the call has locked
 */
const char *qualified_name(Oid relation);

/**
 * Opens a table that the transaction has locked.
 *
 * @note errors: as qualified_name
 */
Relation open_locked(const PairTable &table);

} // namespace follow
