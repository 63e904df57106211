#include "result.h"

#include "uuid_array.h"

#include <array>

namespace follow {

namespace {

/** Columns of the composites: those of an operation, with created_at for follow_user alone. */
enum ResultColumn : std::size_t { status, from, to, created_at, result_columns };
enum TargetColumn : std::size_t { target_user, target_status, target_columns };

Oid enum_value(Oid type, const char *name) {
    const Oid value = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid, ObjectIdGetDatum(type), CStringGetDatum(name));
    if (!OidIsValid(value)) {
        elog(ERROR, "type %s has no value \"%s\"", format_type_be(type), name);
    }
    return value;
}

TupleDesc result_descriptor(FunctionCallInfo call, int columns) {
    TupleDesc descriptor = nullptr;
    if (get_call_result_type(call, nullptr, &descriptor) != TYPEFUNC_COMPOSITE || descriptor->natts != columns) {
        elog(ERROR, "the result type is not the one that the function was written for");
    }
    return descriptor;
}

} // namespace

Datum form_result(FunctionCallInfo call, const char *label, const Edge &edge, const EdgeRow *row) {
    const TupleDesc descriptor = result_descriptor(call, row == nullptr ? created_at : result_columns);
    std::array<Datum, result_columns> values{};
    std::array<bool, result_columns> nulls{};
    values[status] = ObjectIdGetDatum(enum_value(TupleDescAttr(descriptor, status)->atttypid, label));
    values[from] = uuid_datum(edge.from);
    values[to] = uuid_datum(edge.to);
    if (row != nullptr) {
        values[created_at] = TimestampTzGetDatum(row->created_at);
        nulls[created_at] = !row->has_created_at;
    }
    return HeapTupleGetDatum(heap_form_tuple(descriptor, values.data(), nulls.data()));
}

Datum form_counts(FunctionCallInfo call, const FollowCounts &counts) {
    std::array<Datum, 2> values{Int64GetDatum(counts.followers), Int64GetDatum(counts.following)};
    std::array<bool, 2> nulls{};
    const TupleDesc descriptor = result_descriptor(call, static_cast<int>(values.size()));
    return HeapTupleGetDatum(heap_form_tuple(descriptor, values.data(), nulls.data()));
}

ReturnSetInfo *begin_rows(FunctionCallInfo call) {
    InitMaterializedSRF(call, 0);
    return reinterpret_cast<ReturnSetInfo *>(call->resultinfo);
}

void put_targets(Targets targets, ReturnSetInfo *rows) {
    std::array<Oid, target_statuses> labels{};
    for (int i = 0; i < target_statuses; i++) {
        labels[i] = enum_value(TupleDescAttr(rows->setDesc, target_status)->atttypid, label(TargetStatus{i}));
    }
    for (const Target &target : targets) {
        std::array<Datum, target_columns> values{};
        std::array<bool, target_columns> nulls{};
        values[target_user] = uuid_datum(target.user);
        values[target_status] = ObjectIdGetDatum(labels[static_cast<std::size_t>(target.status)]);
        tuplestore_putvalues(rows->setResult, rows->setDesc, values.data(), nulls.data());
    }
}

} // namespace follow
