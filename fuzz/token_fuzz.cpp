// What a token service answers: whatever is taken for a token fits a header and lives for a while.
#include "upstream/token.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/head_syntax.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto token = moorgate::upstream::parse_token({reinterpret_cast<const char*>(data), size});
  if (!token) return 0;
  require(!token->value.empty());
  require(moorgate::http::is_field_value(token->value.reveal()));
  require(!token->value.reveal().contains(' '));
  require(token->lifetime >= std::chrono::seconds(1) && token->lifetime <= std::chrono::hours(24));
  return 0;
}
