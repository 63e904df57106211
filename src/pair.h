#pragma once

#include "uuid.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace follow {

/** A directed edge of the graph: "from follows to", or "from blocks to". */
struct Edge {
    Uuid from;
    Uuid to;

    friend constexpr bool operator==(const Edge &, const Edge &) = default;
};

/** Two users in no particular order: what a lock is taken on, so that follow(a, b) and block(b, a) meet. */
struct Pair {
    Uuid smaller;
    Uuid larger;

    friend constexpr bool operator==(const Pair &, const Pair &) = default;
};

/** Orders the two ends of an edge. */
constexpr Pair pair_of(const Edge &edge) {
    if (edge.to < edge.from) {
        return {edge.to, edge.from};
    }
    return {edge.from, edge.to};
}

namespace detail {

/** Finalizer of splitmix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). */
constexpr std::uint64_t mix(std::uint64_t value) {
    value ^= value >> 30;
    value *= 0xbf58476d1ce4e5b9U;
    value ^= value >> 27;
    value *= 0x94d049bb133111ebU;
    value ^= value >> 31;
    return value;
}

/** The golden ratio's odd increment of the same generator: it keeps mix(0) from being 0. */
constexpr std::uint64_t increment = 0x9e3779b97f4a7c15U;

constexpr std::uint64_t absorb(std::uint64_t state, std::uint64_t word) {
    return mix((state ^ word) + increment);
}

constexpr std::uint64_t absorb(std::uint64_t state, const Uuid &uuid) {
    std::array<std::uint64_t, 2> halves{};
    for (std::size_t i = 0; i < uuid.bytes.size(); i++) {
        halves[i / 8] = halves[i / 8] << 8 | uuid.bytes[i];
    }
    return absorb(absorb(state, halves[0]), halves[1]);
}

} // namespace detail

/** The 64-bit key under which a graph's own lock is taken. */
constexpr std::uint64_t graph_key(std::uint32_t graph) {
    return detail::absorb(0, graph);
}

/**
 * The 64-bit key of a pair's lock. Two pairs that share a key only wait for each other.
 *
 * @param pair the two users
 * @param graph what tells one graph's pairs from another's: the follow table's OID
 */
constexpr std::uint64_t pair_key(const Pair &pair, std::uint32_t graph) {
    return detail::absorb(detail::absorb(graph_key(graph), pair.smaller), pair.larger);
}

} // namespace follow
