#include "http/client.hpp"

#include <algorithm>
#include <utility>

#include "base/rare_warning.hpp"
#include "base/text.hpp"
#include "crypto/hmac.hpp"
#include "http/forwarded_claim.hpp"
#include "http/head_syntax.hpp"
#include "http/sender_claims.hpp"

namespace moorgate::http {
namespace {

constexpr std::size_t kHostLimit = 255;

log::RareWarning no_secret(
    "a listed proxy did not send the secret of trusted_proxies; it is not believed");

std::unexpected<Error> refused(std::string message) {
  return failure(Code::bad_request, std::move(message));
}

Result<> put_claim(ForwardedClaim claim, Client& client) {
  if (!claim.address.empty()) client.proxy = std::exchange(client.address, claim.address);
  if (!claim.scheme.empty()) {
    client.scheme = equals_ignoring_case(claim.scheme, "https") ? "https" : "http";
    if (!equals_ignoring_case(claim.scheme, client.scheme)) {
      return refused("the proxy says the client's scheme is " + moorgate::quoted(claim.scheme) +
                     "; only http and https are known");
    }
  }
  if (!claim.host.empty()) {
    if (claim.host.size() > kHostLimit || !is_host(claim.host)) {
      return refused("the proxy forwards a host that is none: " + moorgate::quoted(claim.host));
    }
    client.host = std::move(claim.host);
  }
  return {};
}

// ---- users and the secret

bool is_own_header(const TrustedProxies& proxies, std::string_view name) noexcept {
  const auto is = [name](std::string_view own) { return is_same_field(own, name); };
  return is(proxies.user_header) || is(proxies.groups_header) || is(proxies.secret_header);
}

/// The header's value, empty without one.
Result<std::string_view> only_one(const RequestHead& head, std::string_view name) {
  if (name.empty()) return std::string_view{};
  if (head.count(name) > 1) {
    return refused(std::string(name) +
                   " stands there twice; have the proxy replace what its clients send");
  }
  return head.find(name).value_or("");
}

Result<> put_user(const TrustedProxies& proxies, const RequestHead& head, Client& client) {
  const auto name = only_one(head, proxies.user_header);
  if (!name) return failure(name.error());
  const auto groups = only_one(head, proxies.groups_header);
  if (!groups) return failure(groups.error());
  // Proxies send an empty one for whoever has not signed in.
  if (!name->empty()) client.user = ProxiedUser{std::string(*name), std::string(*groups)};
  return {};
}

bool is_believed(const Peer& peer, const TrustedProxies& proxies, const RequestHead& head) {
  if (!proxies.lists(peer.address)) return false;
  if (proxies.secret.empty()) return true;
  if (head.count(proxies.secret_header) == 1 &&
      crypto::equal_in_constant_time(*head.find(proxies.secret_header), proxies.secret.reveal())) {
    return true;
  }
  no_secret.write("client", peer.host, "no or another " + proxies.secret_header);
  return false;
}

Result<> believe(const Peer& peer, const TrustedProxies& proxies, const RequestHead& head,
                 Client& client) {
  auto claim = read_forwarded_claim(proxies, head, peer.encrypted);
  if (!claim) return failure(std::move(claim).error());
  const bool spoke = !claim->address.empty() || !claim->scheme.empty();
  // The proxies that keep the client's Host say no more about it.
  if (spoke) client.host.assign(head.find("Host").value_or(""));
  if (auto put = put_claim(*std::move(claim), client); !put) return put;
  return put_user(proxies, head, client);
}

/// Whether the header stays although it speaks of the sender.
bool stays(std::string_view name) noexcept {
  return !name.contains('_');
}

}  // namespace

Result<> take_client(const Peer& peer, const TrustedProxies& proxies, RequestHead& head,
                     Client& into) {
  into.address.assign(peer.host);
  into.proxy.clear();
  into.scheme = {};
  into.host.clear();
  into.user.reset();
  const bool believed = is_believed(peer, proxies, head);
  if (believed) {
    if (auto done = believe(peer, proxies, head, into); !done) return done;
  }
  std::erase_if(head.headers, [&proxies, believed](const Header& header) {
    if (is_own_header(proxies, header.name)) return true;
    return is_sender_claim(header.name) && !(believed && stays(header.name));
  });
  return {};
}

}  // namespace moorgate::http
