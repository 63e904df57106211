#include "rights.h"

namespace follow {

namespace {

bool may_use_column(const PairTable &table, AttrNumber column, AclMode mode) {
    return pg_attribute_aclcheck(table.relation, column, GetUserId(), mode) == ACLCHECK_OK;
}

bool may_use_table(const PairTable &table, AclMode mode) {
    return pg_class_aclcheck(table.relation, GetUserId(), mode) == ACLCHECK_OK;
}

bool may_use_pair(const PairTable &table, AclMode mode) {
    return may_use_table(table, mode) ||
           (may_use_column(table, table.from.number, mode) && may_use_column(table, table.to.number, mode));
}

[[noreturn]] void raise_no_right(const PairTable &table, const char *missing) {
    const char *name = get_rel_name(table.relation);
    ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied for table %s", name),
            errhint("This call needs %s on table %s.", missing, name));
}

} // namespace

void require_right(const PairTable &table, AclMode mode) {
    if (!compat::may_use_schema(table.schema, GetUserId())) {
        const char *schema = get_namespace_name(table.schema);
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied for schema %s", schema),
                errhint("This call needs USAGE on schema %s.", schema));
    }
    if (mode == ACL_INSERT && !may_use_pair(table, ACL_INSERT)) {
        raise_no_right(table, "INSERT");
    }
    if (mode == ACL_DELETE && !may_use_table(table, ACL_DELETE)) {
        raise_no_right(table, "DELETE");
    }
    if (mode == ACL_DELETE && !may_use_pair(table, ACL_SELECT)) {
        raise_no_right(table, "SELECT");
    }
}

bool may_select(const PairTable &table) {
    return may_use_pair(table, ACL_SELECT) && (!OidIsValid(table.created_at_type) || may_use_table(table, ACL_SELECT) ||
                                               may_use_column(table, table.created_at.number, ACL_SELECT));
}

bool have_policies(const PairTable &table) {
    return table.row_security && check_enable_rls(table.relation, InvalidOid, true) == RLS_ENABLED;
}

} // namespace follow
