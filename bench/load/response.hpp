#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace load {

/// The head of an answer; a view of the bytes it was parsed from.
struct ResponseHead {
  int status = 0;
  std::size_t size = 0;  ///< Of the head, its empty line included.
  std::optional<std::uint64_t> length;
  std::string_view text;

  /// The value of a header field, or empty.
  std::string_view field(std::string_view name) const;
};

/// Nullopt while the head is incomplete; WrongAnswer if it is none.
std::optional<ResponseHead> parse_head(std::string_view bytes);

}  // namespace load
