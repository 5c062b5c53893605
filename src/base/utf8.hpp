#pragma once

#include <cstddef>
#include <string_view>

namespace moorgate {

/// Bytes of the well-formed UTF-8 character `text` begins with (Unicode table 3-7: no surrogate, no
/// overlong form, nothing past U+10FFFF); 0 when it begins with none.
std::size_t utf8_length(std::string_view text) noexcept;

/// Offset of the first byte that belongs to no well-formed character, or npos.
std::size_t find_invalid_utf8(std::string_view text) noexcept;

}  // namespace moorgate
