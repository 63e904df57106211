#include "advice.h"

#include "acting_owner.h"

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

/** A trigger runs whatever its maker wrote, with the rights of whoever changes a row. */
void advise_on_triggers(Relation table) {
    const char *roles = others_with_trigger(table);
    if (roles[0] != '\0') {
        ereport(WARNING, errcode(ERRCODE_WARNING),
                errmsg("others may create triggers on table %s", qualified_name(RelationGetRelid(table))),
                errhint("Run: REVOKE TRIGGER ON %s FROM %s;", qualified_name(RelationGetRelid(table)), roles));
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

/** Follows of one direction beside the blocks that forbid them. Starts from the blocks, of which there are fewer. */
const char *blocked_follows_text(const Graph &graph, const Column &of_blocker, const Column &of_blocked) {
    return psprintf("SELECT f.%s, f.%s FROM %s b JOIN %s f ON b.%s OPERATOR(pg_catalog.=) f.%s AND b.%s "
                    "OPERATOR(pg_catalog.=) f.%s",
                    quote_identifier(NameStr(graph.follow.from.name)), quote_identifier(NameStr(graph.follow.to.name)),
                    qualified_name(graph.block.relation), qualified_name(graph.follow.relation),
                    quote_identifier(NameStr(graph.block.from.name)), quote_identifier(NameStr(of_blocker.name)),
                    quote_identifier(NameStr(graph.block.to.name)), quote_identifier(NameStr(of_blocked.name)));
}

} // namespace

void advise(const Graph &graph, Relation table) {
    advise_on_triggers(table);
    const bool is_follow_table = RelationGetRelid(table) == graph.follow.relation;
    advise_on_columns(table, is_follow_table ? graph.follow : graph.block);
}

void advise_on_blocked_follows(const Graph &graph) {
    if (SPI_connect() != SPI_OK_CONNECT) {
        elog(ERROR, "SPI_connect failed");
    }
    const ActingOwner acting = begin_acting(graph.follow.owner, graph.follow.schema);
    const Column &follower = graph.follow.from;
    const Column &following = graph.follow.to;
    const char *follows = psprintf("%s UNION %s", blocked_follows_text(graph, follower, following),
                                   blocked_follows_text(graph, following, follower));
    const char *count_text = psprintf("SELECT pg_catalog.count(*) FROM (%s) f", follows);
    const int result = SPI_execute(count_text, false, 0);
    if (result != SPI_OK_SELECT) {
        elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
    }
    bool null = false;
    const int64 count = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
    end_acting(acting);
    SPI_finish();
    if (count > 0) {
        ereport(WARNING, errcode(ERRCODE_WARNING),
                errmsg("table %s has " INT64_FORMAT " follows between users of whom one has blocked the other",
                       qualified_name(graph.follow.relation), count),
                errhint("follow_user makes no new ones. Run: DELETE FROM %s WHERE (%s, %s) IN (%s);",
                        qualified_name(graph.follow.relation), quote_identifier(NameStr(follower.name)),
                        quote_identifier(NameStr(following.name)), follows));
    }
}

} // namespace follow
