#pragma once

#include <array>
#include <cstddef>
#include <string_view>

/// Which bytes may stand where in a request head (RFC 9110, RFC 9112).
namespace moorgate::http::grammar {

using Table = std::array<bool, 256>;

constexpr Table make_table(bool (*member)(unsigned char)) {
  Table table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = member(static_cast<unsigned char>(i));
  return table;
}

constexpr bool is_alphanumeric(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// tchar of RFC 9110 §5.6.2.
inline constexpr Table kToken = make_table([](unsigned char c) {
  return is_alphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
});
/// Visible ASCII without what RFC 3986 never allows in a path or query.
inline constexpr Table kTarget = make_table([](unsigned char c) {
  return c > 0x20 && c < 0x7f &&
         std::string_view("\"#<>\\^`{|}").find(static_cast<char>(c)) == std::string_view::npos;
});
/// field-vchar, space and tab; bytes above ASCII are opaque but allowed.
inline constexpr Table kValue =
    make_table([](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
/// Host: a name, an address, a port.
inline constexpr Table kHost = make_table([](unsigned char c) {
  return is_alphanumeric(c) || std::string_view("-._~:[]%!$&'()*+,;=").find(static_cast<char>(c)) !=
                                   std::string_view::npos;
});

inline bool all_of(std::string_view text, const Table& table) noexcept {
  for (const char c : text) {
    if (!table[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

}  // namespace moorgate::http::grammar
