#include "acting_owner.h"

#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<ActingOwner>);

namespace {

void set_until_end(const char *name, const char *value) {
    set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

} // namespace

ActingOwner begin_acting(Oid owner, Oid schema) {
    const char *name = get_namespace_name_or_temp(schema);
    if (name == nullptr) {
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("the schema of the follow graph was dropped meanwhile"),
                errhint("Look for a trigger that drops it."));
    }
    const char *search_path = psprintf("pg_catalog, %s, pg_temp", quote_identifier(name));
    ActingOwner acting{};
    GetUserIdAndSecContext(&acting.caller, &acting.caller_context);
    SetUserIdAndSecContext(owner, acting.caller_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
    acting.guc_level = NewGUCNestLevel();
    set_until_end("search_path", search_path);
    if (!row_security) {
        set_until_end("row_security", "on"); // a kept plan would be made anew, from its text
    }
    list_free(fetch_search_path(false)); // resolved now, so that nothing is looked up once a plan was found valid
    return acting;
}

void end_acting(const ActingOwner &acting) {
    AtEOXact_GUC(false, acting.guc_level);
    SetUserIdAndSecContext(acting.caller, acting.caller_context);
}

} // namespace follow
