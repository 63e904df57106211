#include "bulk.h"

#include "bulk_store.h"
#include "insertion.h"
#include "pair_lock.h"
#include "refusal.h"
#include "rights.h"
#include "spi_store.h"
#include "writing.h"

namespace follow {

namespace {

/** Bounds the memory of one round. */
constexpr std::size_t chunk_size = 10000;

/** As for a single edge: after so many rounds that neither wrote an edge nor met it, it is no race. */
constexpr int last_attempt = 3;

/** Sorted by user, the pairs are sorted too: two bulk follows take their locks in the same order. */
void lock_pairs(const Uuid &follower, Targets targets, Oid graph) {
    if (!may_lock_pairs(targets.count)) {
        lock_graph(graph);
        return;
    }
    for (const Target &target : targets) {
        if (!target.decided) {
            lock_pair(pair_of({follower, target.user}), graph);
        }
    }
}

/** In the same order; palloc'd. */
Targets copy_of(Targets targets, bool decided) {
    Targets copy{static_cast<Target *>(palloc(targets.count * sizeof(Target))), 0};
    for (const Target &target : targets) {
        if (target.decided == decided) {
            copy.first[copy.count++] = target;
        }
    }
    return copy;
}

/** Under row security the policy speaks first, also about the edges that are there or will not be made. */
void ask_about_decided(Graph *graph, const Uuid &follower, Targets targets) {
    const Targets asked = copy_of(targets, true);
    for (Target &target : asked) {
        target.decided = false;
    }
    if (asked.count > 0) {
        ask_policies_of_many(&graph->follow, follower, asked);
    }
}

void insert_undecided(Graph *graph, const Uuid &follower, Targets targets, bool or_fail) {
    if (count_undecided(targets) == 0 || !insert_edges(&graph->follow, follower, targets, or_fail)) {
        return;
    }
    find_inserted_edges(&graph->follow, follower, targets);
    // Of the targets it is known; a foreign key that is checked at commit says nothing of the follower until then.
    const Edge any{follower, targets.first->user};
    if (!spi_store.users_exist(&graph->follow, any, ForeignKeys::deferrable)) {
        raise_no_such_user();
    }
}

/** Decides `targets`, but for those that an insert neither wrote nor met. */
void follow_round(Graph *graph, const Uuid &follower, Targets targets, bool or_fail) {
    const Look edges = find_edges(&graph->follow, follower, targets);
    const Look blocks = find_blocks(&graph->block, follower, targets);
    find_missing_users(&graph->follow, targets);
    const bool changed = edges == Look::changed || blocks == Look::changed;
    if (have_policies(graph->follow)) {
        ask_about_decided(graph, follower, targets);
    }
    if (!changed || have_policies(graph->follow)) {
        insert_undecided(graph, follower, targets, or_fail);
    }
    if (changed) {
        raise_serialization_failure();
    }
}

void follow_chunk(Graph *graph, const Uuid &follower, Targets targets) {
    for (int attempt = 1; attempt <= last_attempt; attempt++) {
        CHECK_FOR_INTERRUPTS();
        spi_begin();
        const Targets open = copy_of(targets, false);
        follow_round(graph, follower, open, attempt == last_attempt);
        for (const Target &target : open) {
            *find_target(targets, target.user) = target;
        }
        spi_end();
        if (count_undecided(targets) == 0) {
            return;
        }
    }
    raise_not_stored(graph->follow);
}

} // namespace

void follow_many(Oid function, const Uuid &follower, Targets targets) {
    Graph *graph = open_for_writing(function, Role::follow, ACL_INSERT);
    Target *self = find_target(targets, follower);
    if (self != nullptr) {
        decide(self, TargetStatus::self);
    }
    lock_pairs(follower, targets, graph->follow.relation);
    graph = open_graph(function);
    for (std::size_t start = 0; start < targets.count; start += chunk_size) {
        const std::size_t count = targets.count - start < chunk_size ? targets.count - start : chunk_size;
        follow_chunk(graph, follower, {targets.first + start, count});
    }
}

} // namespace follow
