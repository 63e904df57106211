#include "target.h"

#include <doctest/doctest.h>
#include <vector>

using follow::count_undecided;
using follow::find_target;
using follow::sort_by_position;
using follow::sort_distinct;
using follow::Target;
using follow::Targets;
using follow::TargetStatus;
using follow::Uuid;

namespace {

Uuid user(std::uint8_t number) {
    Uuid uuid;
    uuid.bytes[15] = number;
    return uuid;
}

std::vector<Target> array_of(std::initializer_list<std::uint8_t> numbers) {
    std::vector<Target> targets;
    for (const std::uint8_t number : numbers) {
        targets.push_back({user(number), static_cast<std::uint32_t>(targets.size()), {}, false, false});
    }
    return targets;
}

std::vector<int> numbers_of(Targets targets) {
    std::vector<int> numbers;
    for (const Target &target : targets) {
        numbers.push_back(target.user.bytes[15]);
    }
    return numbers;
}

} // namespace

TEST_CASE("an array becomes sorted and distinct, and each user keeps the first place") {
    std::vector<Target> array = array_of({7, 3, 7, 9, 3, 3});
    const Targets targets = sort_distinct({array.data(), array.size()});
    CHECK(numbers_of(targets) == std::vector<int>{3, 7, 9});
    CHECK(find_target(targets, user(3))->position == 1);
    CHECK(find_target(targets, user(7))->position == 0);
    sort_by_position(targets);
    CHECK(numbers_of(targets) == std::vector<int>{7, 3, 9});
}

TEST_CASE("an empty array stays empty") {
    const Targets targets = sort_distinct({nullptr, 0});
    CHECK(targets.count == 0);
    CHECK(find_target(targets, user(1)) == nullptr);
}

TEST_CASE("only a user that is there is found") {
    std::vector<Target> array = array_of({2, 4, 6});
    const Targets targets = sort_distinct({array.data(), array.size()});
    for (const std::uint8_t there : {2, 4, 6}) {
        CHECK(find_target(targets, user(there))->user == user(there));
    }
    for (const std::uint8_t missing : {0, 3, 5, 7}) {
        CHECK(find_target(targets, user(missing)) == nullptr);
    }
}

TEST_CASE("a target is undecided until it is decided") {
    std::vector<Target> array = array_of({1, 2});
    const Targets targets{array.data(), array.size()};
    CHECK(count_undecided(targets) == 2);
    decide(&targets.first[1], TargetStatus::blocked);
    CHECK(count_undecided(targets) == 1);
    CHECK(array[1].status == TargetStatus::blocked);
}
