#include "foreign_key.h"

#include "pair_table.h"

#include <cstring>
#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<UserReference> && std::is_trivially_destructible_v<ForeignKeyName>);

namespace {

FormData_pg_constraint read_constraint(Oid constraint) {
    const HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
    if (!HeapTupleIsValid(tuple)) {
        elog(ERROR, "cache lookup failed for constraint %u", constraint);
    }
    const FormData_pg_constraint form = *reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
    ReleaseSysCache(tuple);
    return form;
}

List *inherited_constraints(Oid parent) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_constraint_conparentid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(parent));
    const Relation constraints = table_open(ConstraintRelationId, AccessShareLock);
    const SysScanDesc scan = systable_beginscan(constraints, ConstraintParentIndexId, true, nullptr, 1, &key);
    List *children = NIL;
    HeapTuple tuple = nullptr;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        children = lappend_oid(children, reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple))->oid);
    }
    systable_endscan(scan);
    table_close(constraints, AccessShareLock);
    return children;
}

/** A partition reports a violation under its own name and under the name of the constraint that it inherited. */
void add_foreign_key_names(const FormData_pg_constraint &constraint, PairTable *table) {
    auto *name = static_cast<ForeignKeyName *>(palloc0(sizeof(ForeignKeyName)));
    namestrcpy(&name->schema, get_namespace_name(get_rel_namespace(constraint.conrelid)));
    namestrcpy(&name->table, get_rel_name(constraint.conrelid));
    name->constraint = constraint.conname;
    name->next = table->foreign_keys;
    table->foreign_keys = name;

    List *children = inherited_constraints(constraint.oid);
    ListCell *cell = nullptr;
    foreach (cell, children) {
        add_foreign_key_names(read_constraint(lfirst_oid(cell)), table);
    }
}

bool same(const char *reported, const NameData &name) {
    return reported != nullptr && strcmp(reported, NameStr(name)) == 0;
}

} // namespace

void describe_foreign_keys(Relation relation, PairTable *table) {
    List *foreign_keys = RelationGetFKeyList(relation);
    ListCell *cell = nullptr;
    foreach (cell, foreign_keys) {
        const auto *key = static_cast<ForeignKeyCacheInfo *>(lfirst(cell));
        const bool of_from = key->conkey[0] == table->from.number;
        const bool of_to = key->conkey[0] == table->to.number;
        if (key->nkeys != 1 || (!of_from && !of_to)) {
            continue;
        }
        const FormData_pg_constraint constraint = read_constraint(key->conoid);
        const bool repeats_for_a_partition_of_users = OidIsValid(constraint.conparentid);
        if (repeats_for_a_partition_of_users) {
            continue;
        }
        auto *user = static_cast<UserReference *>(palloc0(sizeof(UserReference)));
        user->users_table = key->confrelid;
        user->users_column = key->confkey[0];
        user->of_from = of_from;
        user->deferrable = constraint.condeferrable;
        user->next = table->users;
        table->users = user;
        add_foreign_key_names(constraint, table);
    }
}

bool is_missing_user(const PairTable &table, const ErrorData &error) {
    if (error.sqlerrcode != ERRCODE_FOREIGN_KEY_VIOLATION) {
        return false;
    }
    for (const ForeignKeyName *key = table.foreign_keys; key != nullptr; key = key->next) {
        if (same(error.constraint_name, key->constraint) && same(error.table_name, key->table) &&
            same(error.schema_name, key->schema)) {
            return true;
        }
    }
    return false;
}

} // namespace follow
