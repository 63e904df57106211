#pragma once

#include "prelude.h"
#include "target.h"
#include "uuid.h"

#include <cstring>

namespace follow {

/** A user as SQL's uuid, and back. The datum points to the user: it lives as long. */
inline Datum uuid_datum(const Uuid &uuid) {
    return PointerGetDatum(uuid.bytes.data());
}

inline Uuid uuid_of(Datum datum) {
    Uuid uuid;
    memcpy(uuid.bytes.data(), DatumGetUUIDP(datum)->data, UUID_LEN);
    return uuid;
}

/** An array of uuids as a call was given it. */
struct UuidArray {
    Datum *values;
    bool *nulls;
    int count;
};

/**
 * Takes an array apart.
 *
 * @note errors: 2202E for more than one dimension
 */
UuidArray uuid_array(ArrayType *array);

/** The users of those targets that are undecided, as SQL's uuid[]; palloc'd. */
Datum undecided_users(Targets targets);

} // namespace follow
