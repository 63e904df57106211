#include "uuid.h"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using follow::parse_uuid;
using follow::Uuid;

namespace {

constexpr Uuid counting{
    {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};

// The parser can run in the compiler: no server, no allocation.
static_assert(parse_uuid("00112233-4455-6677-8899-aabbccddeeff") == counting);

} // namespace

TEST_CASE("a uuid is read in every spelling that PostgreSQL accepts") {
    const std::vector<std::string> spellings{
        "00112233-4455-6677-8899-aabbccddeeff",    "00112233-4455-6677-8899-AABBCCDDEEFF",
        "{00112233-4455-6677-8899-aabbccddeeff}",  "00112233445566778899aabbccddeeff",
        "0011-2233-4455-6677-8899-aabb-ccdd-eeff", "{0011223344556677-8899aabbccddeeff}",
    };
    for (const std::string &spelling : spellings) {
        CAPTURE(spelling);
        CHECK(parse_uuid(spelling) == counting);
    }
}

TEST_CASE("what is no uuid is refused") {
    const std::vector<std::string> others{
        "",
        "{}",
        "{",
        "anon",
        "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeefff",
        "00112233-4455-6677-8899-aabbccddeeff-",
        "-00112233-4455-6677-8899-aabbccddeeff",
        "001-12233-4455-6677-8899-aabbccddeeff",
        "00112233--4455-6677-8899-aabbccddeeff",
        "00112233-4455-6677-8899-aabbccddeefg",
        "{00112233-4455-6677-8899-aabbccddeeff",
        "00112233-4455-6677-8899-aabbccddeeff}",
        " 00112233-4455-6677-8899-aabbccddeeff",
        "00112233-4455-6677-8899-aabbccddeeff ",
    };
    for (const std::string &other : others) {
        CAPTURE(other);
        CHECK_FALSE(parse_uuid(other).has_value());
    }
}

TEST_CASE("uuids are ordered bytewise, as the type's operators order them") {
    CHECK(*parse_uuid("00000000-0000-0000-0000-000000000001") < *parse_uuid("00000000-0000-0000-0000-000000000002"));
    CHECK(*parse_uuid("7fffffff-0000-0000-0000-000000000000") < *parse_uuid("80000000-0000-0000-0000-000000000000"));
    CHECK(*parse_uuid("00ffffff-ffff-ffff-ffff-ffffffffffff") < *parse_uuid("01000000-0000-0000-0000-000000000000"));
}
