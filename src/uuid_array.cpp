#include "uuid_array.h"

#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<UuidArray> && std::is_trivially_destructible_v<Targets>);

UuidArray uuid_array(ArrayType *array) {
    if (ARR_NDIM(array) > 1) {
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("an array of users must have one dimension"),
                errhint("Pass an array like ARRAY[...]::uuid[], with users as its elements."));
    }
    UuidArray users{};
    deconstruct_array(array, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &users.values, &users.nulls, &users.count);
    return users;
}

Datum undecided_users(Targets targets) {
    const std::size_t count = count_undecided(targets);
    auto *values = static_cast<Datum *>(palloc(count * sizeof(Datum) + 1));
    std::size_t i = 0;
    for (const Target &target : targets) {
        if (!target.decided) {
            values[i++] = uuid_datum(target.user);
        }
    }
    return PointerGetDatum(construct_array(values, static_cast<int>(count), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

} // namespace follow
