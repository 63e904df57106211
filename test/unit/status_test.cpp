#include "status.h"

#include <doctest/doctest.h>
#include <string>

using follow::agree;
using follow::FollowStatus;
using follow::label;
using follow::Look;

TEST_CASE("statuses are spelled as the SQL enum spells them") {
    CHECK(std::string(label(FollowStatus::following)) == "following");
    CHECK(std::string(label(FollowStatus::already_following)) == "already_following");
    CHECK(std::string(label(follow::UnfollowStatus::unfollowed)) == "unfollowed");
    CHECK(std::string(label(follow::UnfollowStatus::not_following)) == "not_following");
    CHECK(std::string(label(follow::BlockStatus::blocked)) == "blocked");
    CHECK(std::string(label(follow::BlockStatus::already_blocked)) == "already_blocked");
    CHECK(std::string(label(follow::UnblockStatus::unblocked)) == "unblocked");
    CHECK(std::string(label(follow::UnblockStatus::not_blocked)) == "not_blocked");
    CHECK(std::string(label(follow::TargetStatus::following)) == "following");
    CHECK(std::string(label(follow::TargetStatus::already_following)) == "already_following");
    CHECK(std::string(label(follow::TargetStatus::blocked)) == "blocked");
    CHECK(std::string(label(follow::TargetStatus::not_found)) == "not_found");
    CHECK(std::string(label(follow::TargetStatus::self)) == "self");
}

TEST_CASE("two snapshots that disagree are an answer of their own") {
    CHECK(agree(true, true) == Look::present);
    CHECK(agree(false, false) == Look::absent);
    CHECK(agree(true, false) == Look::changed);
    CHECK(agree(false, true) == Look::changed);
}
