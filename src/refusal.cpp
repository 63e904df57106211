#include "refusal.h"

namespace follow {

namespace {

constexpr int sqlstate_forbidden = MAKE_SQLSTATE('P', 'T', '4', '0', '3');
constexpr int sqlstate_not_found = MAKE_SQLSTATE('P', 'T', '4', '0', '4');

} // namespace

const char *const retry_hint = "The transaction might succeed if retried.";

void raise_blocked() {
    ereport(ERROR, errcode(sqlstate_forbidden), errmsg("one of the two users has blocked the other"),
            errhint("A follow is possible again once the block is gone."));
}

void raise_no_such_user() {
    ereport(ERROR, errcode(sqlstate_not_found), errmsg("there is no such user"),
            errhint("Both users must exist in the table that the foreign keys refer to."));
}

void raise_serialization_failure() {
    ereport(ERROR, errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
            errmsg("could not serialize access due to a concurrent change of the same pair"),
            errhint("%s", retry_hint));
}

void require_two_users(const Edge &edge, Role role) {
    if (edge.from == edge.to) {
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg(role == Role::follow ? "nobody can follow themselves" : "nobody can block themselves"),
                errhint("Pass two different users."));
    }
}

void refuse_blocked(Look block) {
    if (block == Look::present) {
        raise_blocked();
    }
    if (block == Look::changed) {
        raise_serialization_failure();
    }
}

} // namespace follow
