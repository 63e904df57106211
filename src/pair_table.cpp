#include "pair_table.h"

#include <cstring>
#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<PairTable> && std::is_trivially_destructible_v<Defect>);

namespace {

bool refuse(Defect *defect, int code, const char *message, const char *hint) {
    *defect = {code, message, hint};
    return false;
}

/** Plain and partitioned tables only: in all others a row is not one row, or not everybody's. */
bool is_usable_kind(Relation relation, Defect *defect) {
    const char *name = qualified_name(RelationGetRelid(relation));
    const char kind = relation->rd_rel->relkind;
    const bool is_table = kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE;
    if (!is_table) {
        return refuse(defect, ERRCODE_WRONG_OBJECT_TYPE, psprintf("%s is not a table", name),
                      "Attach the ordinary or partitioned table that holds the rows, not a view or foreign table.");
    }
    if (RelationUsesLocalBuffers(relation)) {
        return refuse(defect, ERRCODE_INVALID_OBJECT_DEFINITION, psprintf("table %s is temporary", name),
                      "Attach a table that other sessions can see too.");
    }
    if (relation->rd_rel->relispartition) {
        return refuse(defect, ERRCODE_INVALID_OBJECT_DEFINITION, psprintf("table %s is a partition", name),
                      "Attach the partitioned table itself.");
    }
    const bool inherits =
        has_superclass(RelationGetRelid(relation)) ||
        (kind == RELKIND_RELATION && find_inheritance_children(RelationGetRelid(relation), NoLock) != NIL);
    if (inherits) {
        return refuse(defect, ERRCODE_INVALID_OBJECT_DEFINITION,
                      psprintf("table %s takes part in table inheritance", name),
                      "A unique index does not reach over inheritance. Use a plain or a partitioned table.");
    }
    return true;
}

bool describe_column(Relation relation, const Column &remembered, Column *column, Defect *defect) {
    const Form_pg_attribute attribute = find_column(relation, remembered);
    if (attribute == nullptr) {
        return refuse(
            defect, ERRCODE_UNDEFINED_COLUMN,
            psprintf("table %s has no column %s", qualified_name(RelationGetRelid(relation)), quoted(remembered)),
            "Name the table's own columns when you call follow_attach_graph.");
    }
    *column = {attribute->attname, attribute->attnum};
    if (attribute->atttypid != UUIDOID) {
        return refuse(defect, ERRCODE_DATATYPE_MISMATCH,
                      psprintf("column %s of table %s is of type %s, not uuid",
                               quote_identifier(NameStr(attribute->attname)),
                               qualified_name(RelationGetRelid(relation)), format_type_be(attribute->atttypid)),
                      "Users are told apart by uuid. Change the column's type, or attach another column.");
    }
    if (attribute->attgenerated != '\0') {
        return refuse(defect, ERRCODE_INVALID_OBJECT_DEFINITION,
                      psprintf("column %s of table %s is a generated column",
                               quote_identifier(NameStr(attribute->attname)),
                               qualified_name(RelationGetRelid(relation))),
                      "Attach columns that an INSERT can set.");
    }
    return true;
}

bool covers_pair(const FormData_pg_index *index, AttrNumber from, AttrNumber to) {
    if (index->indnkeyatts != 2) {
        return false;
    }
    const AttrNumber first = index->indkey.values[0];
    const AttrNumber second = index->indkey.values[1];
    return (first == from && second == to) || (first == to && second == from);
}

/** Whether a key column means the type's own equality. An operator class of somebody's could call anything equal. */
bool uses_uuid_equality(Relation index, int column) {
    return index->rd_rel->relam == BTREE_AM_OID &&
           index->rd_opfamily[column] == get_opclass_family(GetDefaultOpClass(UUIDOID, BTREE_AM_OID));
}

bool is_partial(Relation index) {
    return !heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, nullptr);
}

/** What keeps a unique index on the pair from deciding conflicts, or nullptr. */
const char *flaw_of(Relation index) {
    const FormData_pg_index *form = index->rd_index;
    if (!form->indisvalid || !form->indisready || !form->indislive) {
        return "not valid";
    }
    if (is_partial(index)) {
        return "partial";
    }
    if (!form->indimmediate) {
        return "deferrable";
    }
    if (!uses_uuid_equality(index, 0) || !uses_uuid_equality(index, 1)) {
        return "not a B-tree with the default operator class";
    }
    return nullptr;
}

/** Looks for the arbiter: a unique index on exactly the pair, which decides whether an edge is already there. */
bool find_arbiter_index(Relation relation, PairTable *table, Defect *defect) {
    const char *flawed_index = nullptr;
    const char *flaw = nullptr;
    bool found = false;

    List *indexes = RelationGetIndexList(relation);
    ListCell *cell = nullptr;
    foreach (cell, indexes) {
        Relation index = index_open(lfirst_oid(cell), AccessShareLock);
        const FormData_pg_index *form = index->rd_index;
        if (form->indisunique && covers_pair(form, table->from.number, table->to.number)) {
            const char *flaw_here = flaw_of(index);
            if (flaw_here == nullptr) {
                found = true;
                table->arbiter = RelationGetRelid(index);
                table->arbiter_reversed = form->indkey.values[0] == table->to.number;
                table->arbiter_since =
                    form->indcheckxmin ? HeapTupleHeaderGetXmin(index->rd_indextuple->t_data) : InvalidTransactionId;
            } else {
                flaw = flaw_here;
                flawed_index = pstrdup(RelationGetRelationName(index));
            }
        }
        index_close(index, AccessShareLock);
        if (found) {
            break;
        }
    }
    list_free(indexes);
    if (found) {
        return true;
    }

    const char *from = quoted(table->from);
    const char *to = quoted(table->to);
    const char *name = qualified_name(table->relation);
    const char *message = flaw == nullptr ? psprintf("table %s has no unique index on exactly (%s, %s)", name, from, to)
                                          : psprintf("the unique index %s on table %s (%s, %s) is %s",
                                                     quote_identifier(flawed_index), name, from, to, flaw);
    return refuse(defect, ERRCODE_INVALID_OBJECT_DEFINITION, message,
                  psprintf("Run: CREATE UNIQUE INDEX ON %s (%s, %s);", name, from, to));
}

/** Whether any snapshot finds all rows with a value of the column in the index. */
bool leads_to(Relation index, AttrNumber column) {
    const FormData_pg_index *form = index->rd_index;
    return form->indisvalid && form->indisready && form->indislive && !form->indcheckxmin && !is_partial(index) &&
           form->indkey.values[0] == column && uses_uuid_equality(index, 0);
}

Oid find_index(Relation relation, AttrNumber column) {
    List *indexes = RelationGetIndexList(relation);
    ListCell *cell = nullptr;
    Oid found = InvalidOid;
    foreach (cell, indexes) {
        const Relation index = index_open(lfirst_oid(cell), AccessShareLock);
        found = leads_to(index, column) ? RelationGetRelid(index) : found;
        index_close(index, AccessShareLock);
        if (OidIsValid(found)) {
            break;
        }
    }
    list_free(indexes);
    return found;
}

bool has_rules(Relation relation, CmdType event) {
    if (relation->rd_rules == nullptr) {
        return false;
    }
    for (int i = 0; i < relation->rd_rules->numLocks; i++) {
        if (relation->rd_rules->rules[i]->event == event) {
            return true;
        }
    }
    return false;
}

/** ON CONFLICT without an arbiter takes every unique and exclusion constraint for one, and none may be deferrable. */
bool has_deferrable_index(Relation relation) {
    List *indexes = RelationGetIndexList(relation);
    ListCell *cell = nullptr;
    bool found = false;
    foreach (cell, indexes) {
        const Relation index = index_open(lfirst_oid(cell), AccessShareLock);
        const bool decides = index->rd_index->indisunique || index->rd_index->indisexclusion;
        found = found || (decides && !index->rd_index->indimmediate);
        index_close(index, AccessShareLock);
    }
    list_free(indexes);
    return found;
}

bool runs_triggers_before_insert(Relation relation) {
    const TriggerDesc *triggers = relation->trigdesc;
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
        const Trigger &trigger = triggers->triggers[i];
        const bool before_insert = TRIGGER_FOR_INSERT(trigger.tgtype) && TRIGGER_FOR_BEFORE(trigger.tgtype);
        if (before_insert && strcmp(trigger.tgname, lock_guard_name) != 0) {
            return true;
        }
    }
    return false;
}

/** On partitions too: each may have triggers of its own. */
bool runs_before_insert(Relation relation) {
    List *tables = find_all_inheritors(RelationGetRelid(relation), AccessShareLock, nullptr);
    ListCell *cell = nullptr;
    bool found = false;
    foreach (cell, tables) {
        const Relation table = table_open(lfirst_oid(cell), NoLock);
        found = found || runs_triggers_before_insert(table);
        table_close(table, NoLock);
    }
    list_free(tables);
    return found;
}

[[noreturn]] void raise_dropped() {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("a table of the follow graph was dropped meanwhile"),
            errhint("Look for a trigger that drops it, and attach the table that takes its place."));
}

} // namespace

Form_pg_attribute find_column(Relation relation, const Column &remembered) {
    const TupleDesc descriptor = RelationGetDescr(relation);
    const AttrNumber named = get_attnum(RelationGetRelid(relation), NameStr(remembered.name));
    if (named > 0) {
        return TupleDescAttr(descriptor, named - 1);
    }
    if (remembered.number <= 0 || remembered.number > descriptor->natts) {
        return nullptr;
    }
    const Form_pg_attribute numbered = TupleDescAttr(descriptor, remembered.number - 1);
    return numbered->attisdropped ? nullptr : numbered;
}

bool describe_pair_table(Relation relation, const Column &from, const Column &to, PairTable *table, Defect *defect) {
    if (!is_usable_kind(relation, defect)) {
        return false;
    }
    table->relation = RelationGetRelid(relation);
    table->owner = relation->rd_rel->relowner;
    table->schema = RelationGetNamespace(relation);
    table->partitioned = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
    table->inserts_rewritten = has_rules(relation, CMD_INSERT) || has_rules(relation, CMD_UPDATE);
    table->gives_way = !table->inserts_rewritten && !has_deferrable_index(relation);
    table->runs_before_insert = runs_before_insert(relation);
    table->deletes_rewritten = has_rules(relation, CMD_DELETE);
    if (!describe_column(relation, from, &table->from, defect) || !describe_column(relation, to, &table->to, defect)) {
        return false;
    }
    if (table->from.number == table->to.number) {
        return refuse(
            defect, ERRCODE_INVALID_OBJECT_DEFINITION,
            psprintf("column %s of table %s is named twice", quoted(table->from), qualified_name(table->relation)),
            "Name two different columns.");
    }
    table->index_from = find_index(relation, table->from.number);
    table->index_to = find_index(relation, table->to.number);
    return find_arbiter_index(relation, table, defect);
}

bool describe_created_at(Relation relation, const Column &remembered, PairTable *table, Defect *defect) {
    const Form_pg_attribute attribute =
        NameStr(remembered.name)[0] == '\0' ? nullptr : find_column(relation, remembered);
    if (attribute == nullptr) {
        return true;
    }
    switch (attribute->atttypid) {
    case TIMESTAMPTZOID:
    case TIMESTAMPOID:
    case DATEOID:
        table->created_at = {attribute->attname, attribute->attnum};
        table->created_at_type = attribute->atttypid;
        table->created_at_nullable = !attribute->attnotnull;
        return true;
    default:
        return refuse(defect, ERRCODE_DATATYPE_MISMATCH,
                      psprintf("column %s of table %s is of type %s, which is no point in time",
                               quote_identifier(NameStr(attribute->attname)), qualified_name(table->relation),
                               format_type_be(attribute->atttypid)),
                      "Name a column of type timestamptz as created_at_column, or NULL where there is none.");
    }
}

const char *quoted(const Column &column) {
    return quote_identifier(NameStr(column.name));
}

const char *qualified_name(Oid relation) {
    const char *name = get_rel_name(relation);
    const char *schema = name == nullptr ? nullptr : get_namespace_name_or_temp(get_rel_namespace(relation));
    if (schema == nullptr) {
        raise_dropped();
    }
    return quote_qualified_identifier(schema, name);
}

/* As relation_open, which has no error for a relation that the transaction itself has dropped. */
Relation open_locked(const PairTable &table) {
    const Relation relation = RelationIdGetRelation(table.relation);
    if (!RelationIsValid(relation)) {
        raise_dropped();
    }
    pgstat_init_relation(relation);
    return relation;
}

} // namespace follow
