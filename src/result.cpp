#include "result.h"

#include <array>

namespace follow {

namespace {

/** Columns of the composite type follow_result. */
enum ResultColumn : std::size_t { status, follower_id, following_id, created_at, result_columns };

Oid enum_value(Oid type, const char *name) {
    const Oid value = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid, ObjectIdGetDatum(type), CStringGetDatum(name));
    if (!OidIsValid(value)) {
        elog(ERROR, "type %s has no value \"%s\"", format_type_be(type), name);
    }
    return value;
}

Datum uuid_datum(const Uuid &uuid) {
    return PointerGetDatum(uuid.bytes.data());
}

} // namespace

Datum form_follow_result(FunctionCallInfo call, const Edge &edge, const Followed &followed) {
    TupleDesc descriptor = nullptr;
    if (get_call_result_type(call, nullptr, &descriptor) != TYPEFUNC_COMPOSITE || descriptor->natts != result_columns) {
        elog(ERROR, "follow_result is not the type that follow_user was written for");
    }
    std::array<Datum, result_columns> values{};
    std::array<bool, result_columns> nulls{};
    values[status] = ObjectIdGetDatum(enum_value(TupleDescAttr(descriptor, status)->atttypid, label(followed.status)));
    values[follower_id] = uuid_datum(edge.follower);
    values[following_id] = uuid_datum(edge.following);
    values[created_at] = TimestampTzGetDatum(followed.row.created_at);
    nulls[created_at] = !followed.row.has_created_at;
    return HeapTupleGetDatum(heap_form_tuple(descriptor, values.data(), nulls.data()));
}

} // namespace follow
