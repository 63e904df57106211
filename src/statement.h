#pragma once

#include <cstddef>

namespace follow {

/** The statements whose plans the spi store keeps for a graph. */
enum class Statement : std::size_t {
    find_edge_as_caller,
    find_edge_as_owner,
    find_block,
    insert_edge,
    insert_edge_or_fail,
};

constexpr std::size_t statement_count = static_cast<std::size_t>(Statement::insert_edge_or_fail) + 1;

} // namespace follow
