#include "caller.h"

#include <cstring>
#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<std::optional<Uuid>>);

namespace {

constexpr int sqlstate_unauthorized = MAKE_SQLSTATE('P', 'T', '4', '0', '1');

/** The state of a walk over the claims, which looks for the member `sub` of the outermost object. */
struct ClaimsWalk {
    int depth;
    bool at_subject;
    const char *subject;
};

compat::JsonVerdict on_open(void *state) {
    auto *walk = static_cast<ClaimsWalk *>(state);
    if (walk->depth == 1 && walk->at_subject) {
        walk->subject = nullptr; // the last of several members counts, and this one is no string
    }
    walk->depth++;
    FOLLOW_JSON_GO_ON;
}

compat::JsonVerdict on_close(void *state) {
    static_cast<ClaimsWalk *>(state)->depth--;
    FOLLOW_JSON_GO_ON;
}

compat::JsonVerdict on_member(void *state, char *name, bool /* null */) {
    auto *walk = static_cast<ClaimsWalk *>(state);
    walk->at_subject = walk->depth == 1 && strcmp(name, "sub") == 0;
    FOLLOW_JSON_GO_ON;
}

// The parser dictates the signature. NOLINTNEXTLINE(readability-non-const-parameter)
compat::JsonVerdict on_scalar(void *state, char *token, JsonTokenType type) {
    auto *walk = static_cast<ClaimsWalk *>(state);
    if (walk->depth == 1 && walk->at_subject) {
        walk->subject = type == JSON_TOKEN_STRING ? token : nullptr;
    }
    FOLLOW_JSON_GO_ON;
}

/** The parser recurses, and raises an error when it runs out of stack: no token is nested as deep as that. */
constexpr int deepest_nesting = 100;

/**
 * Makes the claims safe to parse: the parser also raises an error for an escaped character that the database's encoding
 * does not have. A sub needs none of them, so each becomes a question mark.
 *
 * @return false where they are nested too deep
 */
bool disarm(char *claims) {
    int depth = 0;
    bool in_string = false;
    for (char *at = claims; *at != '\0' && depth <= deepest_nesting; at++) {
        if (in_string && at[0] == '\\' && at[1] != '\0') {
            at++;
            const bool is_beyond_ascii = at[0] == 'u' && strspn(at + 1, "0123456789abcdefABCDEF") >= 4 &&
                                         (at[1] != '0' || at[2] != '0' || at[3] > '7');
            if (is_beyond_ascii) {
                memcpy(at + 1, "003f", 4);
            }
        } else if (*at == '"') {
            in_string = !in_string;
        } else if (!in_string && (*at == '{' || *at == '[')) {
            depth++;
        } else if (!in_string && (*at == '}' || *at == ']')) {
            depth--;
        }
    }
    return depth <= deepest_nesting;
}

/** The claim `sub`, or nullptr; palloc'd. PostgreSQL's own parser, but without the error that json_in would raise. */
const char *subject_of(const char *setting) {
    char *claims = pstrdup(setting);
    if (!disarm(claims)) {
        return nullptr;
    }
    ClaimsWalk walk{};
    JsonSemAction actions{};
    actions.semstate = &walk;
    actions.object_start = on_open;
    actions.object_end = on_close;
    actions.array_start = on_open;
    actions.array_end = on_close;
    actions.object_field_start = on_member;
    actions.scalar = on_scalar;
    JsonLexContext *lexer = compat::json_lexer(claims, strlen(claims));
    return pg_parse_json(lexer, &actions) == JSON_SUCCESS ? walk.subject : nullptr;
}

/** A setting that may never have been set, which reads as absent, or that was reset, which reads as empty. */
const char *setting(const char *name) {
    const char *value = GetConfigOption(name, true, false);
    return value == nullptr || value[0] == '\0' ? nullptr : value;
}

} // namespace

std::optional<Uuid> caller_id() {
    const char *claims = setting("request.jwt.claims");
    const char *subject = claims != nullptr ? subject_of(claims) : setting("request.jwt.claim.sub");
    return subject != nullptr ? parse_uuid(subject) : std::nullopt;
}

Uuid require_caller_id() {
    const std::optional<Uuid> caller = caller_id();
    if (!caller.has_value()) {
        ereport(ERROR, errcode(sqlstate_unauthorized), errmsg("nobody is signed in"),
                errhint("Sign in, so that request.jwt.claims holds a sub that is a uuid; or name both users in the "
                        "call."));
    }
    return *caller;
}

} // namespace follow
