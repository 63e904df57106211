#include "pair.h"

#include <bitset>
#include <doctest/doctest.h>
#include <set>

using follow::Edge;
using follow::graph_key;
using follow::pair_key;
using follow::pair_of;
using follow::Uuid;

namespace {

Uuid user(std::uint32_t number) {
    Uuid uuid;
    for (std::size_t i = 0; i < 4; i++) {
        uuid.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return uuid;
}

std::uint64_t key_of(std::uint32_t one, std::uint32_t other, std::uint32_t graph = 16384) {
    return pair_key(pair_of(Edge{user(one), user(other)}), graph);
}

int differing_bits(std::uint64_t one, std::uint64_t other) {
    return static_cast<int>(std::bitset<64>(one ^ other).count());
}

} // namespace

TEST_CASE("both directions are the same pair, smaller user first") {
    CHECK(pair_of(Edge{user(1), user(2)}) == pair_of(Edge{user(2), user(1)}));
    CHECK(pair_of(Edge{user(2), user(1)}).smaller == user(1));
    CHECK(pair_of(Edge{user(2), user(1)}).larger == user(2));
    CHECK(key_of(1, 2) == key_of(2, 1));
}

TEST_CASE("the key is the same in every session and release: old and new backends must meet at one lock") {
    CHECK(graph_key(16384) == 0xf556ecbfcbfee3adU);
    CHECK(key_of(1, 2) == 0x7e8a7dc8ea5b9217U);
}

TEST_CASE("different graphs have different keys") {
    CHECK(graph_key(16384) != graph_key(16385));
    CHECK(key_of(1, 2, 16384) != key_of(1, 2, 16385));
    CHECK(key_of(1, 2) != graph_key(16384));
}

TEST_CASE("half a million neighbouring pairs do not share a key") {
    std::set<std::uint64_t> keys;
    constexpr std::uint32_t users = 1001;
    for (std::uint32_t one = 0; one < users; one++) {
        for (std::uint32_t other = one + 1; other < users; other++) {
            keys.insert(key_of(one, other));
        }
    }
    CHECK(keys.size() == users * (users - 1) / 2);
}

TEST_CASE("a user that differs in one bit changes about half of the key") {
    for (std::uint32_t bit = 0; bit < 16; bit++) {
        CAPTURE(bit);
        const int bits = differing_bits(key_of(1U << 20, 7), key_of(1U << 20 ^ 1U << bit, 7));
        CHECK(bits > 12);
        CHECK(bits < 52);
    }
}
