#include "result.h"

#include "uuid_array.h"

#include <algorithm>
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

/** The result of an operation, as its function declares it: looked up once, since nothing alters it but a new release.
 */
struct ResultType {
    Oid function;
    Oid type;
    /** By a label's address: labels are constants. */
    std::array<const char *, 2> labels;
    std::array<Oid, 2> statuses;
};

constexpr int operations = 10;
std::array<ResultType, operations> known{};

void forget_results(Datum /* argument */, int /* cache */, uint32 /* hash */) {
    known = {};
}

ResultType *result_of(Oid function) {
    for (ResultType &result : known) {
        if (result.function == function) {
            return &result;
        }
    }
    ResultType *free =
        std::find_if(known.begin(), known.end(), [](const ResultType &result) { return !OidIsValid(result.function); });
    if (free == known.end()) {
        known = {};
        free = known.data();
    }
    *free = {function, get_func_rettype(function), {}, {}};
    return free;
}

Oid status_of(ResultType *result, Oid type, const char *label) {
    for (std::size_t i = 0; i < result->labels.size(); i++) {
        if (result->labels[i] == nullptr) {
            result->statuses[i] = enum_value(type, label);
            result->labels[i] = label;
        }
        if (result->labels[i] == label) {
            return result->statuses[i];
        }
    }
    return enum_value(type, label);
}

TupleDesc descriptor_of(Oid type, int columns) {
    const TupleDesc descriptor = lookup_rowtype_tupdesc(type, -1);
    if (descriptor->natts != columns) {
        elog(ERROR, "the result type is not the one that the function was written for");
    }
    return descriptor;
}

} // namespace

Datum form_result(FunctionCallInfo call, const char *label, const Edge &edge, const EdgeRow *row) {
    ResultType *result = result_of(call->flinfo->fn_oid);
    const TupleDesc descriptor = descriptor_of(result->type, row == nullptr ? created_at : result_columns);
    std::array<Datum, result_columns> values{};
    std::array<bool, result_columns> nulls{};
    values[status] = ObjectIdGetDatum(status_of(result, TupleDescAttr(descriptor, status)->atttypid, label));
    values[from] = uuid_datum(edge.from);
    values[to] = uuid_datum(edge.to);
    if (row != nullptr) {
        values[created_at] = TimestampTzGetDatum(row->created_at);
        nulls[created_at] = !row->has_created_at;
    }
    const HeapTuple tuple = heap_form_tuple(descriptor, values.data(), nulls.data());
    ReleaseTupleDesc(descriptor);
    return HeapTupleGetDatum(tuple);
}

Datum form_counts(FunctionCallInfo call, const FollowCounts &counts) {
    std::array<Datum, 2> values{Int64GetDatum(counts.followers), Int64GetDatum(counts.following)};
    std::array<bool, 2> nulls{};
    const TupleDesc descriptor = descriptor_of(get_func_rettype(call->flinfo->fn_oid), values.size());
    const HeapTuple tuple = heap_form_tuple(descriptor, values.data(), nulls.data());
    ReleaseTupleDesc(descriptor);
    return HeapTupleGetDatum(tuple);
}

void watch_results() {
    CacheRegisterSyscacheCallback(PROCOID, forget_results, Datum{0});
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
