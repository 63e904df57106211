#include "own_write.h"

#include <type_traits>

namespace follow {

namespace {

struct OwnWrites {
    Oid relation;
    LocalTransactionId transaction;
    SubTransactionId subtransaction;
    Uuid from;
    /** Where `targets` point to for a single edge. */
    Target single;
    Targets targets;
};

static_assert(std::is_trivially_destructible_v<OwnWrites>);

OwnWrites expected{};
bool met = false;

/** The targets may be gone with the memory of another subtransaction: nothing is read of them before this is known. */
bool are_of_this_subtransaction() {
    return expected.transaction == compat::transaction_number() &&
           expected.subtransaction == GetCurrentSubTransactionId();
}

Target *find_expected(Oid relation, const Edge &edge) {
    if (relation != expected.relation || !are_of_this_subtransaction() || edge.from != expected.from) {
        return nullptr;
    }
    Target *target = find_target(expected.targets, edge.to);
    return target != nullptr && !target->decided && !target->guarded ? target : nullptr;
}

} // namespace

void expect_own_write(Oid relation, const Edge &edge) {
    expected.single = {edge.to, 0, TargetStatus::following, false, false};
    expect_own_writes(relation, edge.from, {&expected.single, 1});
}

void expect_own_writes(Oid relation, const Uuid &from, Targets targets) {
    met = false;
    expected.relation = relation;
    expected.transaction = compat::transaction_number();
    expected.subtransaction = GetCurrentSubTransactionId();
    expected.from = from;
    expected.targets = targets;
    for (Target &target : targets) {
        target.guarded = false;
    }
}

void forget_own_writes() {
    expected.relation = InvalidOid;
    met = false;
}

bool own_writes_were_met() {
    return met;
}

bool is_own_write(Oid relation, const Edge &edge) {
    return find_expected(relation, edge) != nullptr;
}

bool consume_own_write(Oid relation, const Edge &edge) {
    Target *target = find_expected(relation, edge);
    if (target != nullptr) {
        target->guarded = true;
        met = true;
    }
    return target != nullptr;
}

} // namespace follow
