#include "plain_table.h"

#include <array>

namespace follow {

namespace {

bool is_for(const Trigger &trigger, Access access) {
    return access == Access::insert ? TRIGGER_FOR_INSERT(trigger.tgtype) != 0 : TRIGGER_FOR_DELETE(trigger.tgtype) != 0;
}

/** Only triggers after a row can be queued for it by hand. A guard before it has nothing to do for our own rows. */
const char *obstacle_of_trigger(const Trigger &trigger, const PairTable &table, Access access) {
    if (trigger.tgenabled == TRIGGER_DISABLED || !is_for(trigger, access)) {
        return nullptr;
    }
    if (!TRIGGER_FOR_ROW(trigger.tgtype)) {
        return "a trigger FOR EACH STATEMENT";
    }
    if (TRIGGER_FOR_BEFORE(trigger.tgtype)) {
        return is_guard(trigger, table) ? nullptr : "a trigger BEFORE a row";
    }
    return trigger.tgnewtable != nullptr || trigger.tgoldtable != nullptr ? "a trigger with a transition table"
                                                                          : nullptr;
}

const char *obstacle_of_triggers(Relation relation, const PairTable &table, Access access) {
    const TriggerDesc *triggers = relation->trigdesc;
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
        const char *obstacle = obstacle_of_trigger(triggers->triggers[i], table, access);
        if (obstacle != nullptr) {
            return obstacle;
        }
    }
    return nullptr;
}

/** Some extensions keep a table's rows elsewhere, and plan every statement on it. */
bool is_planned_by_others() {
    return OidIsValid(get_extension_oid("citus", true)) || OidIsValid(get_extension_oid("timescaledb", true));
}

const char *obstacle_of_storage(Relation relation) {
    if (relation->rd_rel->relkind != RELKIND_RELATION) {
        return "partitions";
    }
    if (relation->rd_rel->relam != HEAP_TABLE_AM_OID) {
        return "a table access method other than heap";
    }
    return is_planned_by_others() ? "an extension that distributes tables" : nullptr;
}

/**
 * What functions in C do is over when they return. All others can be redefined by the search_path of the moment, alter
 * the table or call us, in the middle of an insert.
 */
bool is_interpreted(Oid function, void * /* context */) {
    if (function < FirstNormalObjectId) {
        return false;
    }
    const HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple)) {
        return true;
    }
    const Oid language = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->prolang;
    ReleaseSysCache(tuple);
    return language != ClanguageId && language != INTERNALlanguageId;
}

/** Whether an expression may mean something else at the next call; a domain brings its constraints of the moment. */
bool depends_on_the_moment(Node *node, void *context) {
    if (node == nullptr) {
        return false;
    }
    return IsA(node, CoerceToDomain) || check_functions_in_node(node, is_interpreted, context) ||
           compat::walk_expression(node, depends_on_the_moment, context);
}

bool has_momentary_default(Relation relation, const Form_pg_attribute attribute) {
    return (attribute->atthasdef || attribute->attidentity != '\0') &&
           depends_on_the_moment(build_column_default(relation, attribute->attnum), nullptr);
}

const char *obstacle_of_columns(Relation relation) {
    const TupleDesc descriptor = RelationGetDescr(relation);
    for (int i = 0; i < descriptor->natts; i++) {
        const Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
        if (attribute->attisdropped) {
            continue;
        }
        if (get_typtype(attribute->atttypid) == TYPTYPE_DOMAIN) {
            return "a column of a domain";
        }
        if (has_momentary_default(relation, attribute)) {
            return "a default that calls a function not in C";
        }
    }
    return nullptr;
}

const char *obstacle_of_checks(Relation relation) {
    const TupleConstr *constraints = RelationGetDescr(relation)->constr;
    for (int i = 0; constraints != nullptr && i < constraints->num_check; i++) {
        if (depends_on_the_moment(static_cast<Node *>(stringToNode(constraints->check[i].ccbin)), nullptr)) {
            return "a CHECK constraint that calls a function not in C";
        }
    }
    return nullptr;
}

/** An operator class of somebody's compares with functions of somebody's. */
bool compares_by_interpreted(Relation index) {
    const int functions = index->rd_index->indnkeyatts * index->rd_indam->amsupport;
    for (int i = 0; i < functions; i++) {
        if (OidIsValid(index->rd_support[i]) && is_interpreted(index->rd_support[i], nullptr)) {
            return true;
        }
    }
    return false;
}

const char *obstacle_of_index(Relation index) {
    if (index->rd_rel->relam != BTREE_AM_OID) {
        return "an index that is no B-tree";
    }
    if (index->rd_index->indisexclusion) {
        return "an exclusion constraint";
    }
    const bool momentary =
        compares_by_interpreted(index) ||
        depends_on_the_moment(reinterpret_cast<Node *>(RelationGetIndexExpressions(index)), nullptr) ||
        depends_on_the_moment(reinterpret_cast<Node *>(RelationGetIndexPredicate(index)), nullptr);
    return momentary ? "an index that calls a function not in C" : nullptr;
}

const char *obstacle_of_indexes(const PairTable &table) {
    const char *obstacle = nullptr;
    ListCell *cell = nullptr;
    foreach (cell, table.indexes) {
        const Relation index = index_open(lfirst_oid(cell), AccessShareLock);
        obstacle = obstacle == nullptr ? obstacle_of_index(index) : obstacle;
        index_close(index, AccessShareLock);
    }
    return obstacle;
}

const char *obstacle_to_insert(Relation relation, const PairTable &table) {
    if (table.inserts_rewritten) {
        return "a rule";
    }
    if (const char *obstacle = obstacle_of_triggers(relation, table, Access::insert); obstacle != nullptr) {
        return obstacle;
    }
    if (!table.gives_way) {
        return "a deferrable unique constraint";
    }
    if (const char *obstacle = obstacle_of_indexes(table); obstacle != nullptr) {
        return obstacle;
    }
    if (const char *obstacle = obstacle_of_columns(relation); obstacle != nullptr) {
        return obstacle;
    }
    return obstacle_of_checks(relation);
}

const char *obstacle_to_remove(Relation relation, const PairTable &table) {
    return table.deletes_rewritten ? "a rule" : obstacle_of_triggers(relation, table, Access::remove);
}

/** By Access. */
std::array<const char *, access_count> obstacles_of(Relation relation, const PairTable &table) {
    if (const char *storage = obstacle_of_storage(relation); storage != nullptr) {
        return {storage, storage, storage};
    }
    return {nullptr, obstacle_to_insert(relation, table), obstacle_to_remove(relation, table)};
}

bool is_of_foreign_key(const Trigger &trigger) {
    return trigger.tgisinternal && RI_FKey_trigger_type(trigger.tgfoid) != RI_TRIGGER_NONE;
}

void describe_after_triggers(Relation relation, PairTable *table) {
    const TriggerDesc *triggers = relation->trigdesc;
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
        const Trigger &trigger = triggers->triggers[i];
        if (!TRIGGER_FOR_AFTER(trigger.tgtype)) {
            continue;
        }
        const bool other = !is_guard(trigger, *table);
        if (TRIGGER_FOR_INSERT(trigger.tgtype)) {
            table->fires_after_insert = true;
            table->fires_after_own_insert = table->fires_after_own_insert || other;
            table->runs_after_insert = table->runs_after_insert || (other && !is_of_foreign_key(trigger));
        }
        table->fires_after_delete = table->fires_after_delete || TRIGGER_FOR_DELETE(trigger.tgtype);
    }
}

Bitmapset *pair_of_columns(const PairTable &table) {
    Bitmapset *columns = bms_make_singleton(table.from.number - FirstLowInvalidHeapAttributeNumber);
    return bms_add_member(columns, table.to.number - FirstLowInvalidHeapAttributeNumber);
}

/** Reads expressions, which is a lot of memory for the answer. */
std::array<const char *, access_count> find_obstacles(Relation relation, const PairTable &table) {
    const MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "follow_ext obstacles", ALLOCSET_SMALL_SIZES);
    const MemoryContext caller_context = MemoryContextSwitchTo(context);
    const std::array<const char *, access_count> obstacles = obstacles_of(relation, table);
    MemoryContextSwitchTo(caller_context);
    MemoryContextDelete(context);
    return obstacles;
}

bool has_rights(Oid owner, const PairTable &table) {
    return pg_class_aclcheck(table.relation, owner, ACL_SELECT) == ACLCHECK_OK &&
           pg_class_aclcheck(table.relation, owner, ACL_DELETE) == ACLCHECK_OK &&
           compat::may_use_schema(table.schema, owner);
}

} // namespace

void describe_plainness(Relation relation, Oid guard, PairTable *table) {
    table->guard = guard;
    table->context = CurrentMemoryContext;
    table->row_security = relation->rd_rel->relrowsecurity;
    table->indexes = RelationGetIndexList(relation);
    describe_after_triggers(relation, table);

    Bitmapset *pair = pair_of_columns(*table);
    table->rights = {compat::range_table_of(relation, ACL_SELECT, pair, nullptr),
                     compat::range_table_of(relation, ACL_INSERT, nullptr, pair),
                     compat::range_table_of(relation, ACL_DELETE | ACL_SELECT, pair, nullptr)};

    table->owner_has_rights = has_rights(table->owner, *table);
    table->obstacles = find_obstacles(relation, *table);
}

} // namespace follow
