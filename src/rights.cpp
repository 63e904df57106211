#include "rights.h"

namespace follow {

namespace {

bool may_use_column(const Graph &graph, AttrNumber column, AclMode mode) {
    return pg_attribute_aclcheck(graph.follow.relation, column, GetUserId(), mode) == ACLCHECK_OK;
}

bool may_use_table(const Graph &graph, AclMode mode) {
    return pg_class_aclcheck(graph.follow.relation, GetUserId(), mode) == ACLCHECK_OK;
}

bool may_use_pair(const Graph &graph, AclMode mode) {
    return may_use_column(graph, graph.follow.from.number, mode) && may_use_column(graph, graph.follow.to.number, mode);
}

} // namespace

void require_insert(const Graph &graph) {
    if (!compat::may_use_schema(graph.follow.schema, GetUserId())) {
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                errmsg("permission denied for schema %s", get_namespace_name(graph.follow.schema)),
                errhint("Whoever follows needs USAGE on the schema of the follow table."));
    }
    if (!may_use_table(graph, ACL_INSERT) && !may_use_pair(graph, ACL_INSERT)) {
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                errmsg("permission denied for table %s", get_rel_name(graph.follow.relation)),
                errhint("Whoever follows needs INSERT on the follow table."));
    }
}

bool may_select(const Graph &graph) {
    if (may_use_table(graph, ACL_SELECT)) {
        return true;
    }
    const bool needs_created_at = graph.created_at_number != InvalidAttrNumber;
    return may_use_pair(graph, ACL_SELECT) &&
           (!needs_created_at || may_use_column(graph, graph.created_at_number, ACL_SELECT));
}

bool have_policies(const Graph &graph) {
    return check_enable_rls(graph.follow.relation, InvalidOid, true) == RLS_ENABLED;
}

} // namespace follow
