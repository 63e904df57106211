#include "acting_owner.h"

#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<ActingOwner>);

ActingOwner begin_acting(Oid owner, const char *search_path) {
    ActingOwner acting{};
    GetUserIdAndSecContext(&acting.caller, &acting.caller_context);
    SetUserIdAndSecContext(owner, acting.caller_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
    acting.guc_level = NewGUCNestLevel();
    set_config_option("search_path", search_path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    return acting;
}

void end_acting(const ActingOwner &acting) {
    AtEOXact_GUC(false, acting.guc_level);
    SetUserIdAndSecContext(acting.caller, acting.caller_context);
}

} // namespace follow
