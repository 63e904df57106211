#pragma once

#include "status.h"
#include "uuid.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace follow {

/** One user of an array that a call was given. */
struct Target {
    Uuid user;
    /** Its place in the array. */
    std::uint32_t position;
    TargetStatus status;
    /** Whether `status` is the answer. */
    bool decided;
    /** Whether a guard has met the row (see own_write.h). */
    bool guarded;
};

/** Some of an array's targets, sorted by user. */
struct Targets {
    Target *first;
    std::size_t count;
};

/* So that a range-based for runs over them. */
constexpr Target *begin(Targets targets) {
    return targets.first;
}
constexpr Target *end(Targets targets) {
    return targets.first + targets.count;
}

constexpr void decide(Target *target, TargetStatus status) {
    target->status = status;
    target->decided = true;
}

constexpr std::size_t count_undecided(Targets targets) {
    return static_cast<std::size_t>(
        std::count_if(begin(targets), end(targets), [](const Target &target) { return !target.decided; }));
}

/** Sorts by user, and keeps of each user the first appearance. */
constexpr Targets sort_distinct(Targets targets) {
    std::sort(begin(targets), end(targets), [](const Target &a, const Target &b) {
        return a.user != b.user ? a.user < b.user : a.position < b.position;
    });
    const Target *last =
        std::unique(begin(targets), end(targets), [](const Target &a, const Target &b) { return a.user == b.user; });
    return {targets.first, static_cast<std::size_t>(last - targets.first)};
}

/** Puts targets back into the order of the array. */
constexpr void sort_by_position(Targets targets) {
    std::sort(begin(targets), end(targets), [](const Target &a, const Target &b) { return a.position < b.position; });
}

/** Finds a user among targets that are sorted by user; nullptr where there is none. */
constexpr Target *find_target(Targets targets, const Uuid &user) {
    Target *found = std::lower_bound(begin(targets), end(targets), user,
                                     [](const Target &target, const Uuid &wanted) { return target.user < wanted; });
    return found != end(targets) && found->user == user ? found : nullptr;
}

} // namespace follow
