/*
 * The only file that looks at PG_VERSION_NUM: one name for what the supported majors, 15 to 19, spell differently.
 * Included by prelude.h alone.
 */
#pragma once

#include <cstddef>

namespace follow::compat {

/** Whether `role` owns the relation, itself or through membership; superusers own everything. */
inline bool owns_relation(Oid relation, Oid role) {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(RelationRelationId, relation, role);
#else
    return pg_class_ownercheck(relation, role);
#endif
}

/** Whether `role` may look names up in the schema. */
inline bool may_use_schema(Oid schema, Oid role) {
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(NamespaceRelationId, schema, role, ACL_USAGE) == ACLCHECK_OK;
#else
    return pg_namespace_aclcheck(schema, role, ACL_USAGE) == ACLCHECK_OK;
#endif
}

/** The number of the current transaction in this backend: the same in every subtransaction of it. */
inline LocalTransactionId transaction_number() {
#if PG_VERSION_NUM >= 170000
    return MyProc->vxid.lxid;
#else
    return MyProc->lxid;
#endif
}

/** Whether this session holds the lock in that very mode. */
inline bool holds_lock(const LOCKTAG &tag, LOCKMODE mode) {
#if PG_VERSION_NUM >= 170000
    return LockHeldByMe(&tag, mode, false);
#else
    return LockHeldByMe(&tag, mode);
#endif
}

/** A lexer over `json` that also unescapes strings. */
inline JsonLexContext *json_lexer(const char *json, std::size_t length) {
#if PG_VERSION_NUM >= 170000
    return makeJsonLexContextCstringLen(nullptr, json, length, GetDatabaseEncoding(), true);
#else
    return makeJsonLexContextCstringLen(const_cast<char *>(json), static_cast<int>(length), GetDatabaseEncoding(),
                                        true);
#endif
}

/** Whether a constraint is more than a statement of intent. */
inline bool is_enforced([[maybe_unused]] const FormData_pg_constraint &constraint) {
#if PG_VERSION_NUM >= 180000
    return constraint.conenforced;
#else
    return true;
#endif
}

/** A scan of an index by so many keys, whose rows are those that the snapshot shows. */
inline IndexScanDesc begin_index_scan(Relation table, Relation index, Snapshot snapshot, int keys) {
#if PG_VERSION_NUM >= 180000
    return index_beginscan(table, index, snapshot, nullptr, keys, 0);
#else
    return index_beginscan(table, index, snapshot, keys, 0);
#endif
}

/** One table as an executor knows it: a range table of one entry, and the rights that are asked for. */
struct RangeTable {
    List *entries;
    List *rights;
};

/**
 * @param required ACL_INSERT, ACL_DELETE and ACL_SELECT, or some of them
 * @param selected, inserted the columns, where rights to columns are enough
 */
inline RangeTable range_table_of(Relation relation, AclMode required, Bitmapset *selected, Bitmapset *inserted) {
    auto *entry = makeNode(RangeTblEntry);
    entry->rtekind = RTE_RELATION;
    entry->relid = RelationGetRelid(relation);
    entry->relkind = relation->rd_rel->relkind;
    entry->rellockmode = required == ACL_SELECT ? AccessShareLock : RowExclusiveLock;
    List *rights = NIL;
#if PG_VERSION_NUM >= 160000
    RTEPermissionInfo *right = addRTEPermissionInfo(&rights, entry);
    right->requiredPerms = required;
    right->selectedCols = selected;
    right->insertedCols = inserted;
#else
    entry->requiredPerms = required;
    entry->selectedCols = selected;
    entry->insertedCols = inserted;
#endif
    return {list_make1(entry), rights};
}

/** Raises 42501 where the caller lacks a right; hooks of auditors are called. */
inline void check_rights(const RangeTable &table) {
#if PG_VERSION_NUM >= 160000
    ExecCheckPermissions(table.entries, table.rights, true);
#else
    ExecCheckRTPerms(table.entries, true);
#endif
}

inline void init_range_table(EState *state, const RangeTable &table) {
#if PG_VERSION_NUM >= 180000
    ExecInitRangeTable(state, table.entries, table.rights, bms_make_singleton(1));
#elif PG_VERSION_NUM >= 160000
    ExecInitRangeTable(state, table.entries, table.rights);
#else
    ExecInitRangeTable(state, table.entries);
#endif
}

/** @param conflict receives whether a row conflicts; nullptr: that is an error (23505) */
inline void insert_index_tuples(ResultRelInfo *result, TupleTableSlot *slot, EState *state, bool *conflict) {
#if PG_VERSION_NUM >= 160000
    ExecInsertIndexTuples(result, slot, state, false, conflict != nullptr, conflict, NIL, false);
#else
    ExecInsertIndexTuples(result, slot, state, false, conflict != nullptr, conflict, NIL);
#endif
}

/** Waits for who is writing a row that conflicts. @return whether there is none; else `found` is the row */
inline bool has_no_conflict(ResultRelInfo *result, TupleTableSlot *slot, EState *state, ItemPointer found) {
#if PG_VERSION_NUM >= 180000
    ItemPointerData none;
    ItemPointerSetInvalid(&none);
    return ExecCheckIndexConstraints(result, slot, state, found, &none, NIL);
#else
    return ExecCheckIndexConstraints(result, slot, state, found, NIL);
#endif
}

/** Whether `visit` is true of a part of the expression; it goes on with this function. */
inline bool walk_expression(Node *node, bool (*visit)(Node *node, void *context), void *context) {
#if PG_VERSION_NUM >= 160000
    return expression_tree_walker(node, visit, context);
#else
    return expression_tree_walker(node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(visit)), context);
#endif
}

/*
 * What a JSON parser's callback returns, and how it says that all is well.
 */
#if PG_VERSION_NUM >= 160000
using JsonVerdict = JsonParseErrorType;
#define FOLLOW_JSON_GO_ON return JSON_SUCCESS
#else
using JsonVerdict = void;
#define FOLLOW_JSON_GO_ON return
#endif

/*
 * From 18 on a module may say what it is called; PG_MODULE_MAGIC does not, and clang++ warns of what it leaves out.
 */
#if PG_VERSION_NUM >= 180000
#define FOLLOW_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "follow_ext", .version = nullptr)
#else
#define FOLLOW_MODULE_MAGIC PG_MODULE_MAGIC
#endif

} // namespace follow::compat
