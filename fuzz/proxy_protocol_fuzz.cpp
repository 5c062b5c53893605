// PROXY headers: the answer for a part of the bytes never contradicts the answer for all of them,
// so that it does not matter how they arrive.
#include "net/proxy_protocol.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace moorgate::net;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = parse_proxy_header(bytes);
  const bool complete = whole && *whole;
  const std::size_t length = complete ? (*whole)->length : bytes.size();
  require(length <= bytes.size());
  // While one is being waited for, it can still fit.
  require(length <= kProxyHeaderLimit || !whole);
  if (complete) {
    require(length >= 15);
    if (bytes.starts_with("PROXY")) {
      require(length <= kProxyLineLimit && bytes.substr(0, length).ends_with("\r\n"));
    }
    if ((*whole)->source) require(!(*whole)->source->is_unix());
  } else if (!whole) {
    require(!whole.error().message.empty());
  }
  bool failed = false;
  const std::size_t shown = length < 300 ? length : 300;
  for (std::size_t part = 0; part < shown; ++part) {
    const auto header = parse_proxy_header(bytes.substr(0, part));
    if (!header) failed = true;
    require(!failed || !header);
    require(!header || !*header);
  }
  require(!failed || !whole);
  return 0;
}
