#include "http/forwarded_claim.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "http/forwarded.hpp"

namespace moorgate::http {
namespace {

constexpr std::size_t kProxyHops = 16;

std::unexpected<Error> refused(std::string message) {
  return failure(Code::bad_request, std::move(message));
}

// ---- X-Forwarded-…

/// The elements of a list, over all its header lines, from right to left.
std::vector<std::string_view> from_the_right(const RequestHead& head, std::string_view name,
                                             std::size_t limit) {
  std::vector<std::string_view> elements;
  for (auto header = head.headers.rbegin(); header != head.headers.rend(); ++header) {
    if (!equals_ignoring_case(header->name, name)) continue;
    for (std::string_view rest = header->value; elements.size() < limit;) {
      const std::size_t comma = rest.rfind(',');
      elements.push_back(trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1)));
      if (comma == std::string_view::npos) break;
      rest = rest.substr(0, comma);
    }
  }
  return elements;
}

/// What the proxy that wrote the client's address said: that many steps from the right, or the
/// leftmost where fewer proxies wrote down anything.
std::string_view same_hop(const std::vector<std::string_view>& elements, std::size_t steps) {
  return elements.empty() ? std::string_view{} : elements[std::min(steps, elements.size() - 1)];
}

/// How many elements to the left of the rightmost one the first unlisted sender stands. `node(i)`
/// is the i-th from the right.
template <class NodeAt>
Result<std::size_t> walk(const TrustedProxies& proxies, std::size_t count, NodeAt node) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::optional<ForwardedNode> at = node(i);
    const bool listed = at && at->address && proxies.lists(*at->address);
    if (!listed || i + 1 == count) return i;
    if (i + 1 == kProxyHops) break;
  }
  return refused("the request came through more than 16 trusted proxies; is there a loop?");
}

std::string with_port(std::string_view host, std::string_view port, std::string_view scheme) {
  std::string out(host);
  const std::size_t bracket = host.rfind(']');
  const bool has_port =
      host.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
  const std::string_view usual = scheme == "https" ? "443" : "80";
  if (!port.empty() && !has_port && port != usual) out.append(":").append(port);
  return out;
}

Result<ForwardedClaim> read_x_forwarded(const TrustedProxies& proxies, const RequestHead& head,
                                        bool encrypted) {
  ForwardedClaim claim;
  const auto chain = from_the_right(head, "X-Forwarded-For", kProxyHops + 1);
  std::size_t steps = 0;
  if (!chain.empty()) {
    const auto found = walk(proxies, chain.size(),
                            [&chain](std::size_t i) { return parse_x_forwarded_node(chain[i]); });
    if (!found) return failure(found.error());
    steps = *found;
    const auto node = parse_x_forwarded_node(chain[steps]);
    if (!node) {
      return refused("the proxy sent an X-Forwarded-For with " + quoted(chain[steps]) +
                     ", which is no address; have it append the address of its own peer");
    }
    claim.address = node->text;
  }
  claim.scheme = same_hop(from_the_right(head, "X-Forwarded-Proto", kProxyHops), steps);
  const auto host = same_hop(from_the_right(head, "X-Forwarded-Host", kProxyHops), steps);
  const auto port = same_hop(from_the_right(head, "X-Forwarded-Port", kProxyHops), steps);
  if (!port.empty() && parse_decimal<std::uint16_t>(port).value_or(0) == 0) {
    return refused("the proxy sent an X-Forwarded-Port that is no port: " + quoted(port));
  }
  const std::string_view near = host.empty() ? head.find("Host").value_or("") : host;
  if (!host.empty() || (!port.empty() && !near.empty())) {
    const std::string_view scheme =
        !claim.scheme.empty() ? std::string_view(claim.scheme) : (encrypted ? "https" : "http");
    claim.host = with_port(near, port, scheme);
  }
  return claim;
}

// ---- Forwarded

Result<ForwardedClaim> read_forwarded(const TrustedProxies& proxies, const RequestHead& head) {
  std::vector<ForwardedElement> chain;
  for (const Header& header : head.headers) {
    if (!equals_ignoring_case(header.name, "Forwarded")) continue;
    auto elements = parse_forwarded(header.value);
    if (!elements) return failure(std::move(elements).error());
    if (chain.size() + elements->size() > kForwardedLimit) {
      return refused("malformed Forwarded header: more than 64 elements");
    }
    std::ranges::move(*elements, std::back_inserter(chain));
  }
  ForwardedClaim claim;
  if (chain.empty()) return claim;
  std::ranges::reverse(chain);
  const auto steps =
      walk(proxies, chain.size(), [&chain](std::size_t i) { return chain[i].source; });
  if (!steps) return failure(steps.error());
  const auto& source = chain[*steps].source;
  claim.address = source ? source->text : "unknown";
  // Where the farthest proxy left something out, the next one may know.
  for (std::size_t i = *steps + 1; i-- > 0;) {
    if (claim.scheme.empty()) claim.scheme = chain[i].scheme;
    if (claim.host.empty()) claim.host = chain[i].host;
  }
  return claim;
}

// ---- both

bool contradict(std::string_view a, std::string_view b) noexcept {
  return !a.empty() && !b.empty() && !equals_ignoring_case(a, b);
}

/// A client can send one family through a proxy that only knows the other, so they must agree.
Result<ForwardedClaim> merged(ForwardedClaim x, ForwardedClaim rfc) {
  const std::pair<std::string_view, bool> parts[] = {{"client", contradict(x.address, rfc.address)},
                                                     {"scheme", contradict(x.scheme, rfc.scheme)},
                                                     {"host", contradict(x.host, rfc.host)}};
  for (const auto& [part, differs] : parts) {
    if (!differs) continue;
    return refused("Forwarded and X-Forwarded- headers name a different " + std::string(part) +
                   "; have the proxy remove the kind that it does not write itself, or say in "
                   "trusted_proxies.headers which one counts");
  }
  if (rfc.address.empty() || !x.address.empty()) return x;
  // A proxy that adds only a scheme may let the client's own Forwarded through.
  if (x.scheme.empty() && x.host.empty()) return rfc;
  return refused(
      "Forwarded names the client but X-Forwarded-For does not, beside other X-Forwarded- headers; "
      "have the proxy write one kind and remove the other, or say in trusted_proxies.headers which "
      "one counts");
}

}  // namespace

Result<ForwardedClaim> read_forwarded_claim(const TrustedProxies& proxies, const RequestHead& head,
                                            bool encrypted) {
  using Headers = TrustedProxies::Headers;
  Result<ForwardedClaim> x = ForwardedClaim();
  Result<ForwardedClaim> rfc = ForwardedClaim();
  if (proxies.headers != Headers::forwarded) x = read_x_forwarded(proxies, head, encrypted);
  if (!x) return x;
  if (proxies.headers != Headers::x_forwarded) rfc = read_forwarded(proxies, head);
  if (!rfc) return rfc;
  return merged(*std::move(x), *std::move(rfc));
}

}  // namespace moorgate::http
