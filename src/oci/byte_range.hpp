#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.hpp"

namespace moorgate::oci {

/// Bytes first … last, both included.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t length() const noexcept { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

/// `Range:` of RFC 9110 §14.2 against a content of `size` bytes; the answer lies inside it.
/// nullopt: ignore the header and answer 200 (another unit, several ranges, malformed, or an empty
/// content, of which no range exists). range_invalid: answer 416.
Result<std::optional<ByteRange>> parse_range(std::string_view header, std::uint64_t size);

/// `Content-Range: <first>-<last>` of an upload chunk (distribution spec: no "bytes " prefix;
/// the prefix and "/total" some clients add are accepted). range_invalid otherwise.
Result<ByteRange> parse_chunk_range(std::string_view header);

}  // namespace moorgate::oci
