#include "foreign_key.h"

#include "pair_table.h"

#include <optional>
#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<UserReference>);

namespace {

/** Reads a constraint, which another session may have dropped. */
std::optional<FormData_pg_constraint> read_constraint(Oid constraint) {
    const HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
    if (!HeapTupleIsValid(tuple)) {
        return std::nullopt;
    }
    const FormData_pg_constraint form = *reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
    ReleaseSysCache(tuple);
    return form;
}

/** The table that an error names, or InvalidOid. */
Oid reported_relation(const ErrorData &error) {
    if (error.schema_name == nullptr || error.table_name == nullptr) {
        return InvalidOid;
    }
    const Oid schema = get_namespace_oid(error.schema_name, true);
    return OidIsValid(schema) ? get_relname_relid(error.table_name, schema) : InvalidOid;
}

/** The constraint that an error names, or InvalidOid. */
Oid reported_constraint(const ErrorData &error) {
    const Oid relation = reported_relation(error);
    return OidIsValid(relation) && error.constraint_name != nullptr
               ? get_relation_constraint_oid(relation, error.constraint_name, true)
               : InvalidOid;
}

bool is_own(const PairTable &table, Oid constraint) {
    for (const UserReference *user = table.users; user != nullptr; user = user->next) {
        if (user->constraint == constraint) {
            return true;
        }
    }
    return false;
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
        const std::optional<FormData_pg_constraint> constraint = read_constraint(key->conoid);
        const bool repeats_for_a_partition_of_users = constraint && OidIsValid(constraint->conparentid);
        if (!constraint || repeats_for_a_partition_of_users || !compat::is_enforced(*constraint)) {
            continue;
        }
        auto *user = static_cast<UserReference *>(palloc0(sizeof(UserReference)));
        user->constraint = key->conoid;
        user->users_table = key->confrelid;
        user->users_column = key->confkey[0];
        user->of_from = of_from;
        user->deferrable = constraint->condeferrable;
        user->validated = constraint->convalidated;
        user->next = table->users;
        table->users = user;
    }
}

bool is_missing_user(const PairTable &table, const ErrorData &error) {
    if (error.sqlerrcode != ERRCODE_FOREIGN_KEY_VIOLATION) {
        return false;
    }
    Oid constraint = reported_constraint(error);
    while (OidIsValid(constraint) && !is_own(table, constraint)) {
        const std::optional<FormData_pg_constraint> form = read_constraint(constraint);
        constraint = form ? form->conparentid : InvalidOid;
    }
    return OidIsValid(constraint);
}

bool is_repeated_row(const PairTable &table, const ErrorData &error) {
    if (error.sqlerrcode != ERRCODE_UNIQUE_VIOLATION) {
        return false;
    }
    const Oid relation = reported_relation(error);
    return relation == table.relation ||
           (OidIsValid(relation) && list_member_oid(get_partition_ancestors(relation), table.relation));
}

} // namespace follow
