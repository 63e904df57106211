#include "row_writer.h"

#include "own_write.h"
#include "probe.h"
#include "uuid_array.h"

#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<Rows> && std::is_trivially_destructible_v<Write>);

/** What is kept for inserts into a table. */
struct RowWriter {
    MemoryContext context;
    /** For whom, and as of which roles, expressions were compiled. */
    Oid role;
    uint64 generation;
    EState *state;
    ResultRelInfo *result;
    TupleTableSlot *slot;
    /** By column; nullptr where there is none. */
    ExprState **defaults;
    /** The (sub)transaction that is writing at this moment; left behind where it failed. */
    LocalTransactionId transaction;
    SubTransactionId subtransaction;
};

namespace {

/** Counts changes of roles. */
uint64 generation = 0;

void on_change(Datum /* argument */, int /* cache */, uint32 /* hash */) {
    generation++;
}

/** Indexes are opened for each call; what is known of them is kept. */
void describe_indexes(const PairTable &table, ResultRelInfo *result) {
    const int count = list_length(table.indexes);
    result->ri_NumIndices = count;
    result->ri_IndexRelationDescs = static_cast<RelationPtr>(palloc0(static_cast<Size>(count) * sizeof(Relation)));
    result->ri_IndexRelationInfo = static_cast<IndexInfo **>(palloc0(static_cast<Size>(count) * sizeof(IndexInfo *)));
    for (int i = 0; i < count; i++) {
        const Relation index = index_open(list_nth_oid(table.indexes, i), RowExclusiveLock);
        IndexInfo *info = BuildIndexInfo(index);
        if (info->ii_Unique) {
            BuildSpeculativeIndexInfo(index, info);
        }
        result->ri_IndexRelationInfo[i] = info;
        index_close(index, NoLock);
    }
}

/** Of the columns that an insert of a pair leaves to their defaults. */
ExprState **compile_defaults(const PairTable &table, Relation relation, EState *state) {
    const TupleDesc descriptor = RelationGetDescr(relation);
    auto **defaults = static_cast<ExprState **>(palloc0(static_cast<Size>(descriptor->natts) * sizeof(ExprState *)));
    for (int i = 0; i < descriptor->natts; i++) {
        const Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
        const bool is_given = attribute->attnum == table.from.number || attribute->attnum == table.to.number;
        if (is_given || attribute->attisdropped || attribute->attgenerated != '\0') {
            continue;
        }
        Node *expression = build_column_default(relation, attribute->attnum);
        if (expression != nullptr) {
            defaults[i] = ExecPrepareExpr(reinterpret_cast<Expr *>(expression), state);
        }
    }
    return defaults;
}

RowWriter *new_writer(const PairTable &table, Relation relation) {
    const MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "follow_ext row writer", ALLOCSET_SMALL_SIZES);
    const MemoryContext caller_context = MemoryContextSwitchTo(context);
    auto *writer = static_cast<RowWriter *>(palloc0(sizeof(RowWriter)));
    writer->context = context;
    writer->role = GetUserId();
    writer->generation = generation;
    writer->state = CreateExecutorState();
    MemoryContextSwitchTo(writer->state->es_query_cxt);
    compat::init_range_table(writer->state, rights_to(table, Access::insert));
    writer->result = makeNode(ResultRelInfo);
    InitResultRelInfo(writer->result, relation, 1, nullptr, 0);
    describe_indexes(table, writer->result);
    writer->slot = MakeTupleTableSlot(CreateTupleDescCopyConstr(RelationGetDescr(relation)), &TTSOpsVirtual);
    writer->defaults = compile_defaults(table, relation, writer->state);
    MemoryContextSwitchTo(caller_context);
    MemoryContextSetParent(context, table.context);
    return writer;
}

/** An error may have left half of what is compiled at the first row: such a writer is not used again. */
bool is_usable(const RowWriter &writer) {
    return writer.transaction == InvalidLocalTransactionId && writer.role == GetUserId() &&
           writer.generation == generation;
}

void provide_writer(PairTable *table, Relation relation) {
    RowWriter *writer = table->writer;
    if (writer != nullptr && !is_usable(*writer)) {
        table->writer = nullptr;
        MemoryContextDelete(writer->context);
    }
    if (table->writer == nullptr) {
        table->writer = new_writer(*table, relation);
    }
}

void open_indexes(const PairTable &table, ResultRelInfo *result) {
    for (int i = 0; i < result->ri_NumIndices; i++) {
        const Relation index = index_open(list_nth_oid(table.indexes, i), RowExclusiveLock);
        result->ri_IndexRelationDescs[i] = index;
        result->ri_IndexRelationInfo[i]->ii_ReadyForInserts = index->rd_index->indisready;
    }
}

void close_indexes(ResultRelInfo *result) {
    for (int i = 0; i < result->ri_NumIndices; i++) {
        index_close(result->ri_IndexRelationDescs[i], NoLock);
    }
}

/** Puts a new row together: the pair, and each other column's default. */
void fill_slot(const PairTable &table, const Edge &edge) {
    const RowWriter *writer = table.writer;
    TupleTableSlot *slot = writer->slot;
    ExprContext *context = GetPerTupleExprContext(writer->state);
    ExecClearTuple(slot);
    for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++) {
        slot->tts_isnull[i] = true;
        if (writer->defaults[i] != nullptr) {
            const Datum value = ExecEvalExprSwitchContext(writer->defaults[i], context, &slot->tts_isnull[i]);
            const int16 length = TupleDescAttr(slot->tts_tupleDescriptor, i)->attlen;
            slot->tts_values[i] = MakeExpandedObjectReadOnly(value, slot->tts_isnull[i], length);
        }
    }
    slot->tts_values[table.from.number - 1] = uuid_datum(edge.from);
    slot->tts_isnull[table.from.number - 1] = false;
    slot->tts_values[table.to.number - 1] = uuid_datum(edge.to);
    slot->tts_isnull[table.to.number - 1] = false;
    ExecStoreVirtualTuple(slot);
    ExecMaterializeSlot(slot);
}

void check_constraints(const RowWriter &writer, Relation relation) {
    writer.slot->tts_tableOid = RelationGetRelid(relation);
    const TupleConstr *constraints = RelationGetDescr(relation)->constr;
    if (constraints == nullptr) {
        return;
    }
    if (constraints->has_generated_stored) {
        ExecComputeStoredGenerated(writer.result, writer.state, writer.slot, CMD_INSERT);
    }
    ExecConstraints(writer.result, writer.slot, writer.state);
}

void insert_or_fail(const RowWriter &writer, Relation relation) {
    table_tuple_insert(relation, writer.slot, writer.state->es_output_cid, 0, nullptr);
    compat::insert_index_tuples(writer.result, writer.slot, writer.state, nullptr);
}

/**
 * 40001 for a row that the transaction neither sees nor has written, as ExecCheckTupleVisible in nodeModifyTable.c has
 * it.
 */
void require_visible(Relation relation, ItemPointer row) {
    TupleTableSlot *slot = table_slot_create(relation, nullptr);
    if (!table_tuple_fetch_row_version(relation, row, SnapshotAny, slot)) {
        elog(ERROR, "failed to fetch conflicting tuple for ON CONFLICT");
    }
    bool null = false;
    const Datum writer = slot_getsysattr(slot, MinTransactionIdAttributeNumber, &null);
    if (!table_tuple_satisfies_snapshot(relation, slot, GetTransactionSnapshot()) &&
        !TransactionIdIsCurrentTransactionId(DatumGetTransactionId(writer))) {
        ereport(ERROR, errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                errmsg("could not serialize access due to concurrent update"));
    }
    ExecDropSingleTupleTableSlot(slot);
}

/** Waits for who is writing a row that conflicts. @return whether there is none */
bool has_no_conflict(const RowWriter &writer, Relation relation) {
    ItemPointerData row;
    if (compat::has_no_conflict(writer.result, writer.slot, writer.state, &row)) {
        return true;
    }
    if (IsolationIsSerializable()) {
        require_visible(relation, &row);
    }
    return false;
}

/** Others wait for the speculative token only, not for the transaction. @return false where a row conflicts */
bool try_to_insert(const RowWriter &writer, Relation relation) {
    bool conflict = false;
    const uint32 token = SpeculativeInsertionLockAcquire(GetCurrentTransactionId());
    table_tuple_insert_speculative(relation, writer.slot, writer.state->es_output_cid, 0, nullptr, token);
    compat::insert_index_tuples(writer.result, writer.slot, writer.state, &conflict);
    table_tuple_complete_speculative(relation, writer.slot, token, !conflict);
    SpeculativeInsertionLockRelease(GetCurrentTransactionId());
    return !conflict;
}

/** As ExecInsert in nodeModifyTable.c. */
bool insert_or_give_way(const RowWriter &writer, Relation relation, bool look) {
    if (look && !has_no_conflict(writer, relation)) {
        return false;
    }
    while (!try_to_insert(writer, relation)) {
        CHECK_FOR_INTERRUPTS();
        if (!has_no_conflict(writer, relation)) {
            return false;
        }
    }
    return true;
}

} // namespace

/* A note of a subtransaction that was rolled back, or of an older transaction, was left behind by an error. */
bool is_writing(const PairTable &table) {
    return table.writer != nullptr && table.writer->transaction == compat::transaction_number() &&
           SubTransactionIsActive(table.writer->subtransaction);
}

Rows begin_inserts(PairTable *table) {
    const Relation relation = open_locked(*table);
    const Rows rows{table, relation, {table, relation, nullptr, nullptr, false}};
    compat::check_rights(rights_to(*table, Access::insert));
    CommandCounterIncrement();
    PushActiveSnapshot(snapshot_of(View::write)); // for functions and triggers
    provide_writer(table, relation);
    RowWriter *writer = table->writer;
    writer->transaction = compat::transaction_number();
    writer->subtransaction = GetCurrentSubTransactionId();
    writer->result->ri_RelationDesc = relation;
    writer->state->es_output_cid = GetCurrentCommandId(true);
    open_indexes(*table, writer->result);
    return rows;
}

Write insert_row(Rows *rows, const Edge &edge, OnConflict on_conflict) {
    const PairTable &table = *rows->table;
    const RowWriter &writer = *table.writer;
    ResetPerTupleExprContext(writer.state);
    fill_slot(table, edge);
    check_constraints(writer, rows->relation);
    if (on_conflict == OnConflict::fail) {
        insert_or_fail(writer, rows->relation);
    } else if (!insert_or_give_way(writer, rows->relation, on_conflict == OnConflict::look_and_give_way)) {
        return {false, no_row};
    }
    // Where a trigger may fire before the guard, and block the pair, the guard has to see for itself.
    const bool own = !table.runs_after_insert && consume_own_write(table.relation, edge);
    queue_insert(&rows->triggers, writer.slot, own);
    return {true, own ? row_in(table, writer.slot) : no_row};
}

void end_inserts(Rows *rows) {
    RowWriter *writer = rows->table->writer;
    ExecClearTuple(writer->slot);
    close_indexes(writer->result);
    writer->transaction = InvalidLocalTransactionId;
    fire(&rows->triggers);
    PopActiveSnapshot();
    CommandCounterIncrement();
    table_close(rows->relation, NoLock);
}

void watch_roles() {
    for (const int cache : {AUTHOID, AUTHMEMROLEMEM}) {
        CacheRegisterSyscacheCallback(cache, on_change, Datum{0});
    }
}

} // namespace follow
