#pragma once

namespace follow {

/*
 * What the operations answer; the labels are those of the SQL enums.
 */

enum class FollowStatus { following, already_following };
enum class UnfollowStatus { unfollowed, not_following };
enum class BlockStatus { blocked, already_blocked };
enum class UnblockStatus { unblocked, not_blocked };

/** What follow_users answers for one target. */
enum class TargetStatus { following, already_following, blocked, not_found, self };
constexpr int target_statuses = static_cast<int>(TargetStatus::self) + 1;

constexpr const char *label(FollowStatus status) {
    return status == FollowStatus::following ? "following" : "already_following";
}

constexpr const char *label(UnfollowStatus status) {
    return status == UnfollowStatus::unfollowed ? "unfollowed" : "not_following";
}

constexpr const char *label(BlockStatus status) {
    return status == BlockStatus::blocked ? "blocked" : "already_blocked";
}

constexpr const char *label(UnblockStatus status) {
    return status == UnblockStatus::unblocked ? "unblocked" : "not_blocked";
}

constexpr const char *label(TargetStatus status) {
    switch (status) {
    case TargetStatus::following:
        return "following";
    case TargetStatus::already_following:
        return "already_following";
    case TargetStatus::blocked:
        return "blocked";
    case TargetStatus::not_found:
        return "not_found";
    case TargetStatus::self:
        return "self";
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

/**
 * What became of an insert: `raced` means that another transaction came in between, and one has to look again;
 * `raced_early`, that it came in perhaps before the caller's policies have spoken, and one has to insert again.
 */
enum class Inserted { yes, conflict, raced, raced_early, no_such_user };

} // namespace follow
