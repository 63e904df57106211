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

} // namespace follow::compat
