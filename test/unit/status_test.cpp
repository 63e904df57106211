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
}

TEST_CASE("two snapshots that disagree are an answer of their own") {
    CHECK(agree(true, true) == Look::present);
    CHECK(agree(false, false) == Look::absent);
    CHECK(agree(true, false) == Look::changed);
    CHECK(agree(false, true) == Look::changed);
}
