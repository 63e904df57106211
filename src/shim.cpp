/*
 * The entry points: what SQL calls. Each checks its arguments and calls in. Nothing else is exported.
 */
#include "attach.h"
#include "block.h"
#include "bulk.h"
#include "caller.h"
#include "explain.h"
#include "follow.h"
#include "guard.h"
#include "prelude.h"
#include "reading.h"
#include "refusal.h"
#include "result.h"
#include "row_writer.h"
#include "store.h"
#include "unfollow.h"
#include "uuid_array.h"

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

Uuid uuid_argument(FunctionCallInfo call, int argument, const char *name) {
    require_argument(call, argument, name);
    return uuid_of(call->args[argument].value);
}

/** An argument that may be NULL: the user of a cursor. */
Uuid optional_uuid_argument(FunctionCallInfo call, int argument) {
    return call->args[argument].isnull ? Uuid{} : uuid_of(call->args[argument].value);
}

Column column_argument(FunctionCallInfo call, int argument, const char *name) {
    require_argument(call, argument, name);
    return {*DatumGetName(call->args[argument].value), InvalidAttrNumber};
}

/** The names of the two users that a function takes, as its arguments are called. */
struct Users {
    const char *first;
    const char *second;
};

Edge edge_argument(FunctionCallInfo call, const Users &names) {
    const Uuid first = uuid_argument(call, 0, names.first);
    return {first, uuid_argument(call, 1, names.second)};
}

/** As edge_argument, where the first user is the one who is signed in. */
Edge edge_of_caller(FunctionCallInfo call, const Users &names) {
    const Uuid second = uuid_argument(call, 0, names.second);
    return {require_caller_id(), second};
}

Edge reversed(const Edge &edge) {
    return {edge.to, edge.from};
}

constexpr Users follow_users_named{"follower_id", "following_id"};
constexpr Users remove_users_named{"user_id", "follower_id"};
constexpr Users block_users_named{"blocker_id", "blocked_id"};

Datum follow_and_answer(FunctionCallInfo call, const Edge &edge) {
    require_two_users(edge, Role::follow);
    const Followed followed = follow(call->flinfo->fn_oid, edge);
    return form_result(call, label(followed.status), edge, &followed.row);
}

Datum unfollow_and_answer(FunctionCallInfo call, const Edge &edge) {
    require_two_users(edge, Role::follow);
    return form_result(call, label(unfollow(call->flinfo->fn_oid, edge)), edge);
}

Datum block_and_answer(FunctionCallInfo call, const Edge &edge) {
    require_two_users(edge, Role::block);
    return form_result(call, label(block(call->flinfo->fn_oid, edge)), edge);
}

Datum unblock_and_answer(FunctionCallInfo call, const Edge &edge) {
    require_two_users(edge, Role::block);
    return form_result(call, label(unblock(call->flinfo->fn_oid, edge)), edge);
}

UuidArray array_argument(FunctionCallInfo call, int argument, const char *name) {
    require_argument(call, argument, name);
    return uuid_array(DatumGetArrayTypeP(call->args[argument].value));
}

Targets targets_argument(FunctionCallInfo call, int argument) {
    const UuidArray users = array_argument(call, argument, "following_ids");
    const std::size_t size = users.count * sizeof(Target) + 1;
    const Targets targets{static_cast<Target *>(MemoryContextAllocHuge(CurrentMemoryContext, size)),
                          static_cast<std::size_t>(users.count)};
    for (int i = 0; i < users.count; i++) {
        if (users.nulls[i]) {
            ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("following_ids must not contain null"),
                    errhint("Take the nulls out with array_remove(following_ids, NULL)."));
        }
        targets.first[i] = {uuid_of(users.values[i]), static_cast<std::uint32_t>(i), TargetStatus::following, false,
                            false};
    }
    return sort_distinct(targets);
}

Datum follow_many_and_answer(FunctionCallInfo call, const Uuid &follower, Targets targets) {
    follow_many(call->flinfo->fn_oid, follower, targets);
    sort_by_position(targets);
    put_targets(targets, begin_rows(call));
    return Datum{0};
}

Datum relationships_and_answer(FunctionCallInfo call, const Uuid &viewer, const UuidArray &users) {
    read_relationships(call->flinfo->fn_oid, viewer, users, begin_rows(call));
    return Datum{0};
}

/** A page may be large, but it is put together in memory. */
int64 page_size_argument(FunctionCallInfo call, int argument) {
    constexpr int largest = 10000;
    require_argument(call, argument, "page_size");
    const int32 size = DatumGetInt32(call->args[argument].value);
    if (size < 1 || size > largest) {
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("page_size must be between 1 and %d", largest),
                errhint("Read a longer list page by page."));
    }
    return size;
}

Datum read_list_and_answer(FunctionCallInfo call, List list) {
    const Uuid user = uuid_argument(call, 0, "user_id");
    const int64 size = page_size_argument(call, 1);
    const bool has_time = !call->args[2].isnull;
    const bool has_user = !call->args[3].isnull;
    if (has_time && !has_user) {
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("after_created_at comes without after_user_id"),
                errhint("Pass both values of the last row of the page before."));
    }
    const Cursor cursor{has_time, has_time ? DatumGetTimestampTz(call->args[2].value) : 0, has_user,
                        optional_uuid_argument(call, 3)};
    read_list(call->flinfo->fn_oid, list, user, size, cursor, begin_rows(call));
    return Datum{0};
}

Guards guards_argument(FunctionCallInfo call) {
    constexpr int argument = 7;
    if (call->nargs <= argument) { // as release 0.1.0 declared it
        return Guards::leave;
    }
    require_argument(call, argument, "guards");
    return DatumGetBool(call->args[argument].value) ? Guards::put_on : Guards::take_off;
}

BlockedFollows blocked_follows_argument(FunctionCallInfo call) {
    constexpr int argument = 8;
    if (call->nargs <= argument) {
        return BlockedFollows::report;
    }
    require_argument(call, argument, "remove_blocked_follows");
    return DatumGetBool(call->args[argument].value) ? BlockedFollows::remove : BlockedFollows::report;
}

} // namespace

} // namespace follow

extern "C" {

FOLLOW_EXPORT const Pg_magic_struct *Pg_magic_func(void);
FOLLOW_MODULE_MAGIC;

FOLLOW_EXPORT void _PG_init(void);

FOLLOW_SQL_FUNCTION(follow_ext_follow_user);
FOLLOW_SQL_FUNCTION(follow_ext_follow_user_as_caller);
FOLLOW_SQL_FUNCTION(follow_ext_unfollow_user);
FOLLOW_SQL_FUNCTION(follow_ext_unfollow_user_as_caller);
FOLLOW_SQL_FUNCTION(follow_ext_remove_follower);
FOLLOW_SQL_FUNCTION(follow_ext_remove_follower_as_caller);
FOLLOW_SQL_FUNCTION(follow_ext_block_user);
FOLLOW_SQL_FUNCTION(follow_ext_block_user_as_caller);
FOLLOW_SQL_FUNCTION(follow_ext_unblock_user);
FOLLOW_SQL_FUNCTION(follow_ext_unblock_user_as_caller);
FOLLOW_SQL_FUNCTION(follow_ext_follow_users);
FOLLOW_SQL_FUNCTION(follow_ext_follow_users_as_caller);
FOLLOW_SQL_FUNCTION(follow_ext_is_following);
FOLLOW_SQL_FUNCTION(follow_ext_is_following_as_caller);
FOLLOW_SQL_FUNCTION(follow_ext_relationships);
FOLLOW_SQL_FUNCTION(follow_ext_relationships_as_caller);
FOLLOW_SQL_FUNCTION(follow_ext_followers_of);
FOLLOW_SQL_FUNCTION(follow_ext_following_of);
FOLLOW_SQL_FUNCTION(follow_ext_mutual_followers);
FOLLOW_SQL_FUNCTION(follow_ext_follow_counts);
FOLLOW_SQL_FUNCTION(follow_ext_caller_id);
FOLLOW_SQL_FUNCTION(follow_ext_attach_graph);
FOLLOW_SQL_FUNCTION(follow_ext_detach_graph);
FOLLOW_SQL_FUNCTION(follow_ext_explain);
FOLLOW_SQL_FUNCTION(follow_ext_guard);
FOLLOW_SQL_FUNCTION(follow_ext_on_catalog_change);

void _PG_init(void) {
    follow::define_store_setting();
    follow::watch_invalidations();
    follow::watch_roles();
    follow::watch_results();
}

Datum follow_ext_follow_user(PG_FUNCTION_ARGS) {
    follow::require_writable("follow_user()");
    return follow::follow_and_answer(fcinfo, follow::edge_argument(fcinfo, follow::follow_users_named));
}

Datum follow_ext_follow_user_as_caller(PG_FUNCTION_ARGS) {
    follow::require_writable("follow_user()");
    return follow::follow_and_answer(fcinfo, follow::edge_of_caller(fcinfo, follow::follow_users_named));
}

Datum follow_ext_unfollow_user(PG_FUNCTION_ARGS) {
    follow::require_writable("unfollow_user()");
    return follow::unfollow_and_answer(fcinfo, follow::edge_argument(fcinfo, follow::follow_users_named));
}

Datum follow_ext_unfollow_user_as_caller(PG_FUNCTION_ARGS) {
    follow::require_writable("unfollow_user()");
    return follow::unfollow_and_answer(fcinfo, follow::edge_of_caller(fcinfo, follow::follow_users_named));
}

Datum follow_ext_remove_follower(PG_FUNCTION_ARGS) {
    follow::require_writable("remove_follower()");
    return follow::unfollow_and_answer(fcinfo,
                                       follow::reversed(follow::edge_argument(fcinfo, follow::remove_users_named)));
}

Datum follow_ext_remove_follower_as_caller(PG_FUNCTION_ARGS) {
    follow::require_writable("remove_follower()");
    return follow::unfollow_and_answer(fcinfo,
                                       follow::reversed(follow::edge_of_caller(fcinfo, follow::remove_users_named)));
}

Datum follow_ext_block_user(PG_FUNCTION_ARGS) {
    follow::require_writable("block_user()");
    return follow::block_and_answer(fcinfo, follow::edge_argument(fcinfo, follow::block_users_named));
}

Datum follow_ext_block_user_as_caller(PG_FUNCTION_ARGS) {
    follow::require_writable("block_user()");
    return follow::block_and_answer(fcinfo, follow::edge_of_caller(fcinfo, follow::block_users_named));
}

Datum follow_ext_unblock_user(PG_FUNCTION_ARGS) {
    follow::require_writable("unblock_user()");
    return follow::unblock_and_answer(fcinfo, follow::edge_argument(fcinfo, follow::block_users_named));
}

Datum follow_ext_unblock_user_as_caller(PG_FUNCTION_ARGS) {
    follow::require_writable("unblock_user()");
    return follow::unblock_and_answer(fcinfo, follow::edge_of_caller(fcinfo, follow::block_users_named));
}

Datum follow_ext_follow_users(PG_FUNCTION_ARGS) {
    follow::require_writable("follow_users()");
    const follow::Uuid follower = follow::uuid_argument(fcinfo, 0, "follower_id");
    return follow::follow_many_and_answer(fcinfo, follower, follow::targets_argument(fcinfo, 1));
}

Datum follow_ext_follow_users_as_caller(PG_FUNCTION_ARGS) {
    follow::require_writable("follow_users()");
    const follow::Targets targets = follow::targets_argument(fcinfo, 0);
    return follow::follow_many_and_answer(fcinfo, follow::require_caller_id(), targets);
}

Datum follow_ext_is_following(PG_FUNCTION_ARGS) {
    const follow::Edge edge = follow::edge_argument(fcinfo, follow::follow_users_named);
    PG_RETURN_BOOL(follow::is_following(fcinfo->flinfo->fn_oid, edge));
}

Datum follow_ext_is_following_as_caller(PG_FUNCTION_ARGS) {
    const follow::Edge edge = follow::edge_of_caller(fcinfo, follow::follow_users_named);
    PG_RETURN_BOOL(follow::is_following(fcinfo->flinfo->fn_oid, edge));
}

Datum follow_ext_relationships(PG_FUNCTION_ARGS) {
    const follow::Uuid viewer = follow::uuid_argument(fcinfo, 0, "viewer_id");
    return follow::relationships_and_answer(fcinfo, viewer, follow::array_argument(fcinfo, 1, "user_ids"));
}

Datum follow_ext_relationships_as_caller(PG_FUNCTION_ARGS) {
    const follow::UuidArray users = follow::array_argument(fcinfo, 0, "user_ids");
    return follow::relationships_and_answer(fcinfo, follow::require_caller_id(), users);
}

Datum follow_ext_followers_of(PG_FUNCTION_ARGS) {
    return follow::read_list_and_answer(fcinfo, follow::List::followers);
}

Datum follow_ext_following_of(PG_FUNCTION_ARGS) {
    return follow::read_list_and_answer(fcinfo, follow::List::following);
}

Datum follow_ext_mutual_followers(PG_FUNCTION_ARGS) {
    const follow::Uuid viewer = follow::uuid_argument(fcinfo, 0, "viewer_id");
    const follow::Uuid user = follow::uuid_argument(fcinfo, 1, "user_id");
    const int64 size = follow::page_size_argument(fcinfo, 2);
    const follow::Cursor cursor{false, 0, !PG_ARGISNULL(3), follow::optional_uuid_argument(fcinfo, 3)};
    follow::read_mutual_followers(fcinfo->flinfo->fn_oid, viewer, user, size, cursor, follow::begin_rows(fcinfo));
    return Datum{0};
}

Datum follow_ext_follow_counts(PG_FUNCTION_ARGS) {
    const follow::Uuid user = follow::uuid_argument(fcinfo, 0, "user_id");
    return follow::form_counts(fcinfo, follow::count_follows(fcinfo->flinfo->fn_oid, user));
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

Datum follow_ext_explain(PG_FUNCTION_ARGS) {
    follow::explain_stores(fcinfo->flinfo->fn_oid, follow::begin_rows(fcinfo));
    return Datum{0};
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
    follow::attach_graph(fcinfo->flinfo->fn_oid, row, follow::guards_argument(fcinfo),
                         follow::blocked_follows_argument(fcinfo));
    PG_RETURN_VOID();
}

Datum follow_ext_detach_graph(PG_FUNCTION_ARGS) {
    follow::require_writable("follow_detach_graph()");
    if (!follow::detach_graph(fcinfo->flinfo->fn_oid)) {
        ereport(NOTICE, errcode(ERRCODE_SUCCESSFUL_COMPLETION), errmsg("no follow graph is attached"));
    }
    PG_RETURN_VOID();
}

Datum follow_ext_guard(PG_FUNCTION_ARGS) {
    if (!CALLED_AS_TRIGGER(fcinfo)) {
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                errmsg("follow_guard was not called as a trigger"), errhint("follow_attach_graph puts it on tables."));
    }
    const auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    return PointerGetDatum(follow::guard(fcinfo->flinfo->fn_oid, *trigger));
}

Datum follow_ext_on_catalog_change(PG_FUNCTION_ARGS) {
    if (!CALLED_AS_TRIGGER(fcinfo)) {
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                errmsg("follow_graph_changed was not called as a trigger"),
                errhint("It is the trigger of follow_graph."));
    }
    const auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    return PointerGetDatum(follow::check_catalog_change(*trigger));
}

} // extern "C"
