/*
 * The entry points: what SQL calls. Each checks its arguments and calls in. Nothing else is exported.
 */
#include "attach.h"
#include "caller.h"
#include "follow.h"
#include "graph.h"
#include "prelude.h"
#include "result.h"

#include <cstring>

/*
 * Before PostgreSQL 16 the macros of fmgr.h do not export what they define, so everything is declared here first.
 */
#define FOLLOW_EXPORT __attribute__((visibility("default")))
#define FOLLOW_SQL_FUNCTION(name)                                                                                      \
    FOLLOW_EXPORT Datum name(PG_FUNCTION_ARGS);                                                                        \
    FOLLOW_EXPORT const Pg_finfo_record *pg_finfo_##name(void);                                                        \
    PG_FUNCTION_INFO_V1(name)

namespace follow {

namespace {

/** Refuses repeats too: whether a call writes must not depend on what is there. */
void require_writable(const char *function) {
    if (XactReadOnly) {
        ereport(ERROR, errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
                errmsg("cannot execute %s in a read-only transaction", function),
                errhint("Call it in a read-write transaction on the primary server; over HTTP, with POST."));
    }
}

void require_argument(FunctionCallInfo call, int argument, const char *name) {
    if (call->args[argument].isnull) {
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name),
                errhint("Pass a value for every argument."));
    }
}

Uuid uuid_argument(FunctionCallInfo call, int argument) {
    Uuid uuid;
    memcpy(uuid.bytes.data(), DatumGetUUIDP(call->args[argument].value), uuid.bytes.size());
    return uuid;
}

Column column_argument(FunctionCallInfo call, int argument, const char *name) {
    require_argument(call, argument, name);
    return {*DatumGetName(call->args[argument].value), InvalidAttrNumber};
}

void require_two_users(const Edge &edge) {
    if (edge.follower == edge.following) {
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("nobody can follow themselves"),
                errhint("Pass two different users."));
    }
}

Datum follow_and_answer(FunctionCallInfo call, const Edge &edge) {
    require_two_users(edge);
    return form_follow_result(call, edge, follow(call->flinfo->fn_oid, edge));
}

} // namespace

} // namespace follow

extern "C" {

FOLLOW_EXPORT const Pg_magic_struct *Pg_magic_func(void);
PG_MODULE_MAGIC;

FOLLOW_EXPORT void _PG_init(void);

FOLLOW_SQL_FUNCTION(follow_ext_follow_user);
FOLLOW_SQL_FUNCTION(follow_ext_follow_user_as_caller);
FOLLOW_SQL_FUNCTION(follow_ext_caller_id);
FOLLOW_SQL_FUNCTION(follow_ext_attach_graph);
FOLLOW_SQL_FUNCTION(follow_ext_detach_graph);
FOLLOW_SQL_FUNCTION(follow_ext_on_catalog_change);

void _PG_init(void) {
    follow::watch_invalidations();
}

Datum follow_ext_follow_user(PG_FUNCTION_ARGS) {
    follow::require_writable("follow_user()");
    follow::require_argument(fcinfo, 0, "follower_id");
    follow::require_argument(fcinfo, 1, "following_id");
    const follow::Edge edge{follow::uuid_argument(fcinfo, 0), follow::uuid_argument(fcinfo, 1)};
    return follow::follow_and_answer(fcinfo, edge);
}

Datum follow_ext_follow_user_as_caller(PG_FUNCTION_ARGS) {
    follow::require_writable("follow_user()");
    follow::require_argument(fcinfo, 0, "following_id");
    const follow::Edge edge{follow::require_caller_id(), follow::uuid_argument(fcinfo, 0)};
    return follow::follow_and_answer(fcinfo, edge);
}

Datum follow_ext_caller_id(PG_FUNCTION_ARGS) {
    const std::optional<follow::Uuid> caller = follow::caller_id();
    if (!caller.has_value()) {
        PG_RETURN_NULL();
    }
    auto *uuid = static_cast<pg_uuid_t *>(palloc(sizeof(pg_uuid_t)));
    memcpy(uuid->data, caller->bytes.data(), UUID_LEN);
    PG_RETURN_UUID_P(uuid);
}

Datum follow_ext_attach_graph(PG_FUNCTION_ARGS) {
    follow::require_writable("follow_attach_graph()");
    follow::require_argument(fcinfo, 0, "follow_table");
    follow::require_argument(fcinfo, 1, "block_table");
    follow::CatalogRow row{};
    row.follow_table = PG_GETARG_OID(0);
    row.block_table = PG_GETARG_OID(1);
    row.follower = follow::column_argument(fcinfo, 2, "follower_column");
    row.following = follow::column_argument(fcinfo, 3, "following_column");
    row.blocker = follow::column_argument(fcinfo, 4, "blocker_column");
    row.blocked = follow::column_argument(fcinfo, 5, "blocked_column");
    if (!PG_ARGISNULL(6)) {
        row.created_at = follow::column_argument(fcinfo, 6, "created_at_column");
    }
    follow::attach_graph(fcinfo->flinfo->fn_oid, row);
    PG_RETURN_VOID();
}

Datum follow_ext_detach_graph(PG_FUNCTION_ARGS) {
    follow::require_writable("follow_detach_graph()");
    if (!follow::detach_graph(fcinfo->flinfo->fn_oid)) {
        ereport(NOTICE, errcode(ERRCODE_SUCCESSFUL_COMPLETION), errmsg("no follow graph is attached"));
    }
    PG_RETURN_VOID();
}

Datum follow_ext_on_catalog_change(PG_FUNCTION_ARGS) {
    if (!CALLED_AS_TRIGGER(fcinfo)) {
        elog(ERROR, "follow_ext_on_catalog_change was not called as a trigger");
    }
    const auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    return PointerGetDatum(follow::check_catalog_change(*trigger));
}

} // extern "C"
