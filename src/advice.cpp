#include "advice.h"

namespace follow {

namespace {

const char *grantee_name(Oid role) {
    return role == ACL_ID_PUBLIC ? "PUBLIC" : quote_identifier(GetUserNameFromId(role, false));
}

/** Roles other than the owner that may put triggers on the table; comma-separated, empty where there are none. */
const char *others_with_trigger(Relation table) {
    StringInfoData roles;
    initStringInfo(&roles);
    const HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(RelationGetRelid(table)));
    bool null = true;
    const Datum value = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &null);
    if (!null) {
        const Acl *acl = DatumGetAclP(value);
        for (int i = 0; i < ACL_NUM(acl); i++) {
            const AclItem &item = ACL_DAT(acl)[i];
            if ((ACLITEM_GET_PRIVS(item) & ACL_TRIGGER) != 0 && item.ai_grantee != table->rd_rel->relowner) {
                appendStringInfo(&roles, "%s%s", roles.len == 0 ? "" : ", ", grantee_name(item.ai_grantee));
            }
        }
    }
    ReleaseSysCache(tuple);
    return roles.data;
}

/** A trigger runs whatever its maker wrote, with the rights of whoever changes a row: here, the owner of the table. */
void advise_on_triggers_of(Relation table) {
    const char *roles = others_with_trigger(table);
    if (roles[0] != '\0') {
        ereport(WARNING, errcode(ERRCODE_WARNING),
                errmsg("others may create triggers on table %s", qualified_name(RelationGetRelid(table))),
                errhint("Run: REVOKE TRIGGER ON %s FROM %s;", qualified_name(RelationGetRelid(table)), roles));
    }
}

void advise_on_triggers(Relation table) {
    List *tables = find_all_inheritors(RelationGetRelid(table), AccessShareLock, nullptr);
    ListCell *cell = nullptr;
    foreach (cell, tables) {
        const Relation partition = table_open(lfirst_oid(cell), NoLock);
        advise_on_triggers_of(partition);
        if (partition->rd_rel->relowner != table->rd_rel->relowner) {
            const char *name = qualified_name(RelationGetRelid(partition));
            ereport(
                WARNING, errcode(ERRCODE_WARNING), errmsg("partition %s belongs to another role", name),
                errhint("Its owner can have triggers run as the owner of the whole table. Run: ALTER TABLE %s OWNER "
                        "TO %s;",
                        name, grantee_name(table->rd_rel->relowner)));
        }
        table_close(partition, NoLock);
    }
}

/** An insert names the two columns of the pair only. */
void advise_on_columns(Relation table, const PairTable &pair) {
    const TupleDesc descriptor = RelationGetDescr(table);
    for (int i = 0; i < descriptor->natts; i++) {
        const Form_pg_attribute column = TupleDescAttr(descriptor, i);
        const bool filled = column->atthasdef || column->attidentity != '\0' || column->attnum == pair.from.number ||
                            column->attnum == pair.to.number;
        if (column->attnotnull && !column->attisdropped && !filled) {
            ereport(WARNING, errcode(ERRCODE_WARNING),
                    errmsg("column %s of table %s is NOT NULL and has no default",
                           quote_identifier(NameStr(column->attname)), qualified_name(RelationGetRelid(table))),
                    errhint("Unless a trigger or the type's default fills it, every insert will fail. Run: ALTER TABLE "
                            "%s ALTER %s SET DEFAULT ...;",
                            qualified_name(RelationGetRelid(table)), quote_identifier(NameStr(column->attname))));
        }
    }
}

/** Whether an index begins with these two columns and holds every row. */
bool has_index(Relation table, AttrNumber first, AttrNumber second) {
    List *indexes = RelationGetIndexList(table);
    ListCell *cell = nullptr;
    bool found = false;
    foreach (cell, indexes) {
        const Relation index = index_open(lfirst_oid(cell), AccessShareLock);
        const FormData_pg_index *form = index->rd_index;
        const bool begins =
            form->indnkeyatts > 1 && form->indkey.values[0] == first && form->indkey.values[1] == second;
        found = found || (begins && form->indisvalid && index->rd_rel->relam == BTREE_AM_OID &&
                          heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, nullptr));
        index_close(index, AccessShareLock);
    }
    list_free(indexes);
    return found;
}

void advise_on_list_index(const char *list, Relation table, const PairTable &follows, const Column &key,
                          const Column &other) {
    const bool has_times = OidIsValid(follows.created_at_type);
    if (has_index(table, key.number, has_times ? follows.created_at.number : other.number)) {
        return;
    }
    const char *name = qualified_name(follows.relation);
    const char *time = has_times ? psprintf("%s, ", quoted(follows.created_at)) : "";
    ereport(WARNING, errcode(ERRCODE_WARNING), errmsg("%s has no index on table %s to read", list, name),
            errhint("Run: CREATE INDEX ON %s (%s, %s%s);", name, quoted(key), time, quoted(other)));
}

void advise_on_indexes(Relation follow_table, const PairTable &follows) {
    advise_on_list_index("followers_of", follow_table, follows, follows.to, follows.from);
    advise_on_list_index("following_of", follow_table, follows, follows.from, follows.to);
    if (!has_index(follow_table, follows.from.number, follows.to.number)) {
        const char *name = qualified_name(follows.relation);
        ereport(WARNING, errcode(ERRCODE_WARNING), errmsg("mutual_followers has no index on table %s to read", name),
                errhint("Run: CREATE INDEX ON %s (%s, %s);", name, quoted(follows.from), quoted(follows.to)));
    }
}

bool is_among(const List *variables, AttrNumber column) {
    ListCell *cell = nullptr;
    foreach (cell, variables) {
        if (static_cast<Var *>(lfirst(cell))->varattno == column) {
            return true;
        }
    }
    return false;
}

/** Whether a permissive policy for the command depends on a column, or (InvalidAttrNumber) on none of the pair's. */
bool has_policy(Relation table, const PairTable &pair, char command, AttrNumber column) {
    ListCell *cell = nullptr;
    foreach (cell, table->rd_rsdesc->policies) {
        const auto *policy = static_cast<RowSecurityPolicy *>(lfirst(cell));
        const bool applies = policy->polcmd == command || policy->polcmd == '*';
        if (!policy->permissive || !applies || policy->qual == nullptr) {
            continue;
        }
        const List *columns = pull_vars_of_level(reinterpret_cast<Node *>(policy->qual), 0);
        const bool of_everybody = !is_among(columns, pair.from.number) && !is_among(columns, pair.to.number);
        if (of_everybody || (column != InvalidAttrNumber && is_among(columns, column))) {
            return true;
        }
    }
    return false;
}

/** Who is signed in, spelled out: a policy that calls a function of the extension's would go with the extension. */
constexpr const char *caller =
    "(SELECT (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid)";

/** What policies on who is involved leave out, judged from the columns that they look at. */
void advise_on_policies(Relation table, const PairTable &follows) {
    if (!table->rd_rel->relrowsecurity || table->rd_rsdesc == nullptr) {
        return;
    }
    const char *name = qualified_name(follows.relation);
    if (!has_policy(table, follows, ACL_DELETE_CHR, follows.to.number)) {
        ereport(WARNING, errcode(ERRCODE_WARNING),
                errmsg("no policy on table %s lets those who are followed remove a follower", name),
                errhint("For remove_follower run: CREATE POLICY remove_follower ON %s FOR DELETE USING (%s = %s);",
                        name, quoted(follows.to), caller));
    }
    if (!has_policy(table, follows, ACL_SELECT_CHR, InvalidAttrNumber)) {
        ereport(
            NOTICE, errcode(ERRCODE_SUCCESSFUL_COMPLETION),
            errmsg("the policies on table %s show in lists only what each user is part of", name),
            errhint("For lists that everybody who is signed in may see run: CREATE POLICY see_lists ON %s FOR SELECT "
                    "USING (%s IS NOT NULL);",
                    name, caller));
    }
}

} // namespace

void advise(const Graph &graph, Relation follow_table, Relation block_table) {
    advise_on_triggers(follow_table);
    advise_on_triggers(block_table);
    advise_on_columns(follow_table, graph.follow);
    advise_on_columns(block_table, graph.block);
    advise_on_indexes(follow_table, graph.follow);
    advise_on_policies(follow_table, graph.follow);
}

void advise_without_guards() {
    ereport(WARNING, errcode(ERRCODE_WARNING), errmsg("the guards are off: only the functions keep the rules"),
            errdetail("A plain INSERT, UPDATE or COPY can make a follow beside a block, and a block beside a follow."),
            errhint("Call follow_attach_graph again with guards => true to have every writer keep them."));
}

} // namespace follow
