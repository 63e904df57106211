#include "guard.h"

#include "block.h"
#include "edges.h"
#include "graph.h"
#include "own_write.h"
#include "pair_lock.h"
#include "refusal.h"
#include "uuid_array.h"
#include "writing.h"

#include <optional>

namespace follow {

namespace {

[[noreturn]] void raise_no_trigger_for(const TriggerData &trigger) {
    ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
            errmsg("trigger \"%s\" calls follow_guard at the wrong moment", trigger.tg_trigger->tgname),
            errhint("Let follow_attach_graph put the guards on: BEFORE and AFTER INSERT OR UPDATE, FOR EACH ROW."));
}

void require_row_written(const TriggerData &trigger) {
    const bool written = TRIGGER_FIRED_BY_INSERT(trigger.tg_event) || TRIGGER_FIRED_BY_UPDATE(trigger.tg_event);
    const bool timely = TRIGGER_FIRED_BEFORE(trigger.tg_event) || TRIGGER_FIRED_AFTER(trigger.tg_event);
    if (!TRIGGER_FIRED_FOR_ROW(trigger.tg_event) || !written || !timely) {
        raise_no_trigger_for(trigger);
    }
}

HeapTuple written_tuple(const TriggerData &trigger) {
    return TRIGGER_FIRED_BY_UPDATE(trigger.tg_event) ? trigger.tg_newtuple : trigger.tg_trigtuple;
}

/** Once in a transaction: a restore or a COPY writes many rows. */
void warn_of_no_graph(Relation relation) {
    static LocalTransactionId warned = InvalidLocalTransactionId;
    if (warned == compat::transaction_number()) {
        return;
    }
    warned = compat::transaction_number();
    ereport(WARNING, errcode(ERRCODE_WARNING),
            errmsg("table %s is not attached as a table of the follow graph, so its guard checks nothing",
                   qualified_name(RelationGetRelid(relation))),
            errhint("Call follow_attach_graph with the follow table and the block table."));
}

/** The table itself, or the partitioned table at the top; a partition that is being detached has none. */
Oid root_of(Relation relation) {
    List *ancestors = relation->rd_rel->relispartition ? get_partition_ancestors(RelationGetRelid(relation)) : NIL;
    return ancestors == NIL ? RelationGetRelid(relation) : llast_oid(ancestors);
}

std::optional<Role> role_of(const Graph &graph, Oid root) {
    if (root == graph.follow.relation) {
        return Role::follow;
    }
    if (root == graph.block.relation) {
        return Role::block;
    }
    return std::nullopt;
}

/** A partition numbers its columns in its own way. */
AttrNumber number_here(Relation relation, const PairTable &table, const Column &column) {
    return RelationGetRelid(relation) == table.relation ? column.number
                                                        : get_attnum(RelationGetRelid(relation), NameStr(column.name));
}

/** The pair of a row, or nothing where one of its users is NULL: that is nobody's edge. */
std::optional<Edge> edge_of(HeapTuple tuple, Relation relation, const PairTable &table) {
    bool no_from = false;
    bool no_to = false;
    const TupleDesc descriptor = RelationGetDescr(relation);
    const Datum from = heap_getattr(tuple, number_here(relation, table, table.from), descriptor, &no_from);
    const Datum to = heap_getattr(tuple, number_here(relation, table, table.to), descriptor, &no_to);
    if (no_from || no_to) {
        return std::nullopt;
    }
    return Edge{uuid_of(from), uuid_of(to)};
}

/** The pair that a statement adds to the table: none where an UPDATE leaves it as it was. */
std::optional<Edge> added_edge(const TriggerData &trigger, const PairTable &table) {
    const std::optional<Edge> edge = edge_of(written_tuple(trigger), trigger.tg_relation, table);
    const bool stays = edge.has_value() && TRIGGER_FIRED_BY_UPDATE(trigger.tg_event) &&
                       edge == edge_of(trigger.tg_trigtuple, trigger.tg_relation, table);
    return stays ? std::nullopt : edge;
}

/** The tables too: a statement on a partition has not locked what a block in bulk locks. */
void lock_for(Graph *graph, Role role, const Edge &edge) {
    if (role == Role::follow) {
        lock_for_writing(graph, role, Writes::one_table);
        lock_pair(pair_of(edge), graph->follow.relation);
    } else {
        lock_for_writing(graph, role, Writes::both_tables);
        lock_pair_for_block(pair_of(edge), graph->follow.relation);
    }
}

void decide_stored(Graph *graph, Role role, const Edge &edge) {
    require_two_users(edge, role);
    if (role == Role::block) {
        remove_follows(graph, edge);
    } else {
        refuse_blocked(find_either(&graph->block, edge));
    }
}

} // namespace

HeapTuple guard(Oid function, const TriggerData &trigger) {
    require_row_written(trigger);
    const HeapTuple tuple = written_tuple(trigger);
    Graph *graph = open_graph_if_attached(function);
    const Oid root = root_of(trigger.tg_relation);
    const std::optional<Role> role = graph == nullptr ? std::nullopt : role_of(*graph, root);
    if (!role.has_value()) {
        warn_of_no_graph(trigger.tg_relation);
        return tuple;
    }
    const std::optional<Edge> edge = added_edge(trigger, *table_of(graph, *role));
    if (!edge.has_value()) {
        return tuple;
    }
    if (TRIGGER_FIRED_BEFORE(trigger.tg_event)) {
        if (!is_own_write(root, *edge)) {
            lock_for(graph, *role, *edge);
        }
    } else if (!consume_own_write(root, *edge)) {
        lock_for(graph, *role, *edge);
        graph = open_graph(function); // the wait may have been long
        decide_stored(graph, *role, *edge);
    }
    return tuple;
}

} // namespace follow
