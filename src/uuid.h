#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace follow {

/** A user's identity: 16 bytes, ordered as PostgreSQL orders the type uuid (bytewise). */
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    friend constexpr auto operator<=>(const Uuid &, const Uuid &) = default;
};

namespace detail {

constexpr int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

} // namespace detail

/**
 * Reads a uuid in every spelling that PostgreSQL's uuid input accepts: braces around it, a hyphen after any group of
 * four digits, upper or lower case. Unlike uuid_in it cannot raise an error.
 *
 * @param text the spelling, without surrounding white space
 * @return the uuid, or nothing where the text is no uuid
 */
constexpr std::optional<Uuid> parse_uuid(std::string_view text) {
    if (!text.empty() && text.front() == '{') {
        if (text.size() < 2 || text.back() != '}') {
            return std::nullopt;
        }
        text = text.substr(1, text.size() - 2);
    }

    Uuid uuid;
    std::size_t position = 0;
    for (std::size_t i = 0; i < uuid.bytes.size(); i++) {
        if (position + 2 > text.size()) {
            return std::nullopt;
        }
        const int high = detail::hex_value(text[position]);
        const int low = detail::hex_value(text[position + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        uuid.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
        position += 2;

        const bool group_ends = i % 2 == 1 && i + 1 < uuid.bytes.size();
        if (group_ends && position < text.size() && text[position] == '-') {
            position++;
        }
    }
    if (position != text.size()) {
        return std::nullopt;
    }
    return uuid;
}

} // namespace follow
