// Who sent a request: whatever a head claims, a stranger is who the socket says and leaves no claim
// in the head, and a trusted proxy is either refused or names a client that can be written into a
// log and a URL.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/client.hpp"
#include "http/sender_claims.hpp"

namespace {

using namespace moorgate::http;

void require(bool holds) {
  if (!holds) std::abort();
}

const TrustedProxies& proxies() {
  static const TrustedProxies trusted = [] {
    TrustedProxies made;
    made.from = {moorgate::net::Network::parse("10.0.0.0/8").value(),
                 moorgate::net::Network::parse("fd00::/8").value()};
    made.user_header = "X-Remote-User";
    made.groups_header = "X-Remote-Groups";
    return made;
  }();
  return trusted;
}

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

void judge(const RequestHead& parsed, std::string_view address, bool listed) {
  RequestHead head = parsed;
  const auto peer = moorgate::net::Address::from_ip(address).value();
  Client client;
  const auto taken =
      take_client({.address = peer, .host = address, .encrypted = false}, proxies(), head, client);
  require(taken || (listed && !taken.error().message.empty()));
  if (!taken) return;
  require(!client.address.empty() && printable(client.address) && printable(client.host));
  for (const Header& header : head.headers) {
    require(!is_same_field(header.name, "X-Remote-User"));
    require(listed || !is_sender_claim(header.name));
  }
  if (listed) return;
  require(client.address == address && client.proxy.empty() && client.scheme.empty() &&
          client.host.empty() && !client.user);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t searched = 0;
  const std::size_t end = find_head_end(bytes, searched);
  RequestHead head;
  if (end == 0 || parse_head(bytes.substr(0, end), head)) return 0;
  judge(head, "192.0.2.9", false);
  judge(head, "10.0.0.1", true);
  return 0;
}
