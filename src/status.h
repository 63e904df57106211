#pragma once

namespace follow {

/** What follow_user answers; the labels are those of the SQL enum follow_status. */
enum class FollowStatus { following, already_following };

constexpr const char *label(FollowStatus status) {
    switch (status) {
    case FollowStatus::following:
        return "following";
    case FollowStatus::already_following:
        return "already_following";
    }
    return nullptr;
}

/**
 * What a look at the tables found. `changed` exists at SERIALIZABLE only: the transaction's own snapshot and the latest
 * one disagree, and no answer would fit both.
 */
enum class Look { absent, present, changed };

/** Combines a look through the transaction's snapshot with one through the latest snapshot. */
constexpr Look agree(bool in_transaction, bool in_latest) {
    if (in_transaction != in_latest) {
        return Look::changed;
    }
    return in_latest ? Look::present : Look::absent;
}

/** What became of an insert: `raced` means that another transaction came in between, and one has to look again. */
enum class Inserted { yes, conflict, raced };

} // namespace follow
