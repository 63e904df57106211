#include "insertion.h"

#include "refusal.h"
#include "rights.h"

#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<Stored>);

namespace {

/** After this many inserts that neither wrote a row nor met the pair's, it is no race: let the insert say why. */
constexpr int last_attempt = 3;

/** Refuses a follow beside a block. */
void look_for_block(Graph *graph, Role role, const Edge &edge) {
    if (role == Role::follow) {
        refuse_blocked(find_either(&graph->block, edge));
    }
}

/** @note errors: 40001 where the snapshots disagree */
EdgeRow find_stored(PairTable *table, const Edge &edge) {
    const EdgeRow row = find_edge(table, edge, Rights::owner);
    if (row.look == Look::changed) {
        raise_serialization_failure();
    }
    return row;
}

/**
 * At SERIALIZABLE the transaction's own snapshot may be at odds with what is there now, which the insert does not
 * notice where an edge is gone.
 */
void look_for_change(PairTable *table, const Edge &edge) {
    if (IsolationIsSerializable()) {
        find_stored(table, edge);
    }
}

} // namespace

Stored insert_once(Graph *graph, Role role, const Edge &edge, OnConflict on_conflict) {
    PairTable *table = table_of(graph, role);
    const bool policies_first = have_policies(*table);
    if (policies_first && IsolationIsSerializable()) {
        ask_policies(table, edge);
    }
    // One look is enough: before the insert, or where policies come first, after it.
    const bool look_after = policies_first && !IsolationIsSerializable();
    if (!look_after) {
        look_for_block(graph, role, edge);
        look_for_change(table, edge);
    }
    // A block may stand beside a user who is missing, and is told first.
    const bool block_before_users = look_after && role == Role::follow && !graph->blocks_have_users;

    for (int attempt = 1; attempt <= last_attempt; attempt++) {
        CHECK_FOR_INTERRUPTS();
        const Insertion insertion = insert_edge(table, edge, attempt == last_attempt ? OnConflict::fail : on_conflict,
                                                block_before_users ? MissingUser::report : MissingUser::raise);
        if (insertion.inserted == Inserted::raced_early) {
            continue;
        }
        if (look_after) {
            look_for_block(graph, role, edge);
        }
        if (insertion.inserted == Inserted::no_such_user) {
            raise_no_such_user();
        }
        const EdgeRow row = insertion.row.look == Look::present ? insertion.row : find_stored(table, edge);
        if (insertion.inserted == Inserted::yes) {
            if (!users_exist(table, edge, ForeignKeys::deferrable)) {
                raise_no_such_user();
            }
            if (row.look == Look::absent) {
                break;
            }
            return {true, row};
        }
        if (row.look == Look::present) {
            return {false, row};
        }
        if (insertion.inserted == Inserted::raced && !users_exist(table, edge, ForeignKeys::all)) {
            raise_no_such_user();
        }
    }
    look_for_block(graph, role, edge); // that a trigger made beside the follow, and that took it along
    raise_not_stored(*table);
}

void raise_not_stored(const PairTable &table) {
    ereport(
        ERROR, errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION), errmsg("the row was not stored"),
        errdetail("An insert into table %s did not leave the row that it was given.", qualified_name(table.relation)),
        errhint("Look for a trigger or a rule on the table that suppresses or changes rows."));
}

} // namespace follow
