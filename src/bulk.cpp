#include "bulk.h"

#include "bulk_store.h"
#include "edges.h"
#include "insertion.h"
#include "pair_lock.h"
#include "refusal.h"
#include "rights.h"
#include "writing.h"

namespace follow {

namespace {

/** Bounds the memory of one round. */
constexpr std::size_t chunk_size = 10000;

/**
 * After so many rounds that neither wrote an edge nor met it, it is no race. More than for a single edge: in each round
 * another of the many may lose one.
 */
constexpr int last_attempt = 10;

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
Targets copy_of_undecided(Targets targets) {
    Targets copy{static_cast<Target *>(palloc(targets.count * sizeof(Target))), 0};
    for (const Target &target : targets) {
        if (!target.decided) {
            copy.first[copy.count++] = target;
        }
    }
    return copy;
}

/**
 * Of the targets it is known that they are there. Of the follower it is not where the foreign key is checked at commit,
 * or where the insert lost a race against the user's deletion.
 */
void require_follower(PairTable *follows, const Uuid &follower, Targets targets, ForeignKeys keys) {
    for (const Target &target : targets) {
        const bool is_there = !target.decided || target.status == TargetStatus::following;
        if (is_there && !users_exist(follows, {follower, target.user}, keys)) {
            raise_no_such_user();
        }
        if (is_there) {
            return;
        }
    }
}

/** Looks first, and inserts what is left. */
void look_and_insert(Graph *graph, const Uuid &follower, Targets targets, bool or_fail) {
    const Look edges = find_edges(&graph->follow, follower, targets);
    const Look blocks = find_blocks(&graph->block, follower, targets);
    if (edges == Look::changed || blocks == Look::changed) {
        raise_serialization_failure();
    }
    find_missing_users(&graph->follow, targets, ForeignKeys::all);
    if (count_undecided(targets) == 0) {
        return;
    }
    const bool inserted = insert_edges(&graph->follow, follower, targets, or_fail);
    if (inserted) {
        find_inserted_edges(&graph->follow, follower, targets);
    }
    require_follower(&graph->follow, follower, targets, inserted ? ForeignKeys::deferrable : ForeignKeys::all);
}

/** Where an insert cannot give way, it ends at the first edge that is there: the policies are asked one by one. */
void ask_one_by_one(PairTable *follows, const Uuid &follower, Targets targets) {
    for (const Target &target : targets) {
        CHECK_FOR_INTERRUPTS();
        ask_policies(follows, {follower, target.user});
    }
}

/**
 * Under row security the policies speak first, about every edge: all are inserted before anything is looked up. That is
 * all there is to do where nobody is blocked or missing.
 */
void insert_and_look(Graph *graph, const Uuid &follower, Targets targets, bool or_fail) {
    if (!graph->follow.gives_way) {
        ask_one_by_one(&graph->follow, follower, targets);
        look_and_insert(graph, follower, targets, or_fail);
        return;
    }
    const Attempt attempt = try_edges(&graph->follow, &graph->block, follower, targets);
    if (!attempt.kept) {
        look_and_insert(graph, follower, targets, or_fail);
    } else if (TransactionIdIsValid(attempt.writer)) {
        find_inserted_edges(&graph->follow, follower, targets, attempt.writer);
        require_follower(&graph->follow, follower, targets, ForeignKeys::deferrable);
    } else {
        find_edges(&graph->follow, follower, targets);
    }
}

/** Decides `targets`, but for those that an insert neither wrote nor met. */
void follow_round(Graph *graph, const Uuid &follower, Targets targets, bool or_fail) {
    if (have_policies(graph->follow)) {
        insert_and_look(graph, follower, targets, or_fail);
    } else {
        look_and_insert(graph, follower, targets, or_fail);
    }
}

void follow_chunk(Graph *graph, const Uuid &follower, Targets targets) {
    for (int attempt = 1; attempt <= last_attempt; attempt++) {
        CHECK_FOR_INTERRUPTS();
        const Targets open = copy_of_undecided(targets);
        if (open.count > 0) {
            follow_round(graph, follower, open, attempt == last_attempt);
        }
        for (const Target &target : open) {
            *find_target(targets, target.user) = target;
        }
        pfree(open.first);
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
    graph = reopen_for_writing(function, Role::follow);
    for (std::size_t start = 0; start < targets.count; start += chunk_size) {
        const std::size_t count = targets.count - start < chunk_size ? targets.count - start : chunk_size;
        follow_chunk(graph, follower, {targets.first + start, count});
    }
}

} // namespace follow
