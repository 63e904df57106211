#include "insertion.h"

#include "refusal.h"
#include "rights.h"

#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<Stored>);

namespace {

/** After this many inserts that neither wrote a row nor met the pair's, it is no race: let the insert say why. */
constexpr int last_attempt = 3;

/** Raises what the looks under the lock decided, once the caller's policies have had their say. */
void refuse_where_decided(Look block, Look edge) {
    refuse_blocked(block);
    if (edge == Look::changed) {
        raise_serialization_failure();
    }
}

/** Whether the transaction's own snapshot is at odds with what is there now: a question for SERIALIZABLE alone. */
Look look_for_changes(const Store &store, PairTable *table, const Edge &edge) {
    return IsolationIsSerializable() ? store.find_edge(table, edge, Rights::owner).look : Look::absent;
}

} // namespace

Stored insert_once(const Store &store, PairTable *table, const Edge &edge, Look block) {
    if (!have_policies(*table)) {
        refuse_where_decided(block, Look::absent);
    }
    const Look before = look_for_changes(store, table, edge);

    for (int attempt = 1; attempt <= last_attempt; attempt++) {
        CHECK_FOR_INTERRUPTS();
        const OnConflict on_conflict = attempt == last_attempt ? OnConflict::fail : OnConflict::give_way;
        const Inserted inserted = store.insert_edge(table, edge, block, on_conflict);
        refuse_where_decided(block, before);
        const EdgeRow row = store.find_edge(table, edge, Rights::owner);
        refuse_where_decided(block, row.look);

        if (inserted == Inserted::yes) {
            if (!store.users_exist(table, edge, ForeignKeys::deferrable)) {
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
        if (inserted == Inserted::raced && !store.users_exist(table, edge, ForeignKeys::all)) {
            raise_no_such_user();
        }
    }
    raise_not_stored(*table);
}

void raise_not_stored(const PairTable &table) {
    ereport(
        ERROR, errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION), errmsg("the row was not stored"),
        errdetail("An insert into table %s did not leave the row that it was given.", qualified_name(table.relation)),
        errhint("Look for a trigger or a rule on the table that suppresses or changes rows."));
}

} // namespace follow
