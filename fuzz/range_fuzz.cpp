// Range and Content-Range: whatever is accepted lies inside the content and survives its own print.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "oci/byte_range.hpp"

namespace {

using namespace moorgate::oci;
using moorgate::Code;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string print(const ByteRange& range) {
  return std::to_string(range.first) + "-" + std::to_string(range.last);
}

void check_range(std::string_view header, std::uint64_t size) {
  const auto range = parse_range(header, size);
  if (!range) {
    require(range.error().code == Code::range_invalid && size > 0);
    return;
  }
  if (!*range) return;
  const ByteRange inside = **range;
  require(inside.first <= inside.last && inside.last < size);
  require(inside.length() >= 1 && inside.length() <= size);
  const auto again = parse_range("bytes=" + print(inside), size);
  require(again && *again == inside);
  if (size > UINT64_MAX - 1) return;
  // More content never makes a range invalid, and what is asked for by its start keeps it.
  const auto larger = parse_range(header, size + 1);
  require(larger && *larger);
  require((*larger)->first - inside.first <= 1);
}

void check_chunk(std::string_view header) {
  const auto chunk = parse_chunk_range(header);
  if (!chunk) {
    require(chunk.error().code == Code::range_invalid);
    return;
  }
  require(chunk->first <= chunk->last && chunk->last != UINT64_MAX);
  require(parse_chunk_range(print(*chunk)) == *chunk);
  require(parse_chunk_range("bytes " + print(*chunk) + "/*") == *chunk);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t content = 0;
  const std::size_t used = std::min(size, sizeof content);
  std::memcpy(&content, data, used);
  const std::string_view header(reinterpret_cast<const char*>(data) + used, size - used);
  check_range(header, content);
  check_range(header, content % 1000);
  check_chunk(header);
  return 0;
}
