#include "http/fetch.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "http/head_syntax.hpp"
#include "net/deadline.hpp"
#include "net/worker.hpp"

namespace moorgate::http {
namespace {

using Kind = ClientFailure::Kind;

std::unexpected<ClientFailure> malformed(std::string why) {
  return client_failure(Kind::malformed, "the server's answer is of no use", std::move(why));
}

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// RFC 3986 §5 for what servers send: absolute, without scheme, or from the root.
Result<Url> resolve(const Url& base, std::string_view location) {
  if (location.starts_with("//")) {
    return Url::parse((base.encrypted() ? "https:" : "http:") + std::string(location));
  }
  if (!location.starts_with('/')) return Url::parse(location);
  Url url = base;
  url.target = location;
  return url;
}

Task<ClientResult<Fetched>> fetch_once(Dialer dialer, const Fetch& wanted, Url url,
                                       bool with_authorization, std::int64_t until) {
  ClientTimeouts timeouts = wanted.timeouts;
  const std::chrono::milliseconds left(until - net::coarse_now());
  timeouts.connect = std::min(timeouts.connect, left);
  auto connection = co_await dial(dialer, url, wanted.tls, timeouts);
  if (!connection) co_return client_failure(std::move(connection).error());
  net::Deadline deadline(dialer.worker.watchdog(), [&connection] { (*connection)->give_up(); });
  deadline.set(std::chrono::milliseconds(until - net::coarse_now()));

  ClientRequest request("GET", url.target);
  for (const auto& [name, value] : wanted.headers) request.add(name, value);
  if (with_authorization) request.authorize(wanted.authorization);
  if (auto done = co_await (*connection)->exchange(request, nullptr); !done) {
    co_return client_failure(std::move(done).error());
  }
  const ResponseHead& head = (*connection)->head();
  Fetched fetched;
  fetched.status = head.status;
  for (const Header& header : head.headers) {
    fetched.headers.emplace_back(lower_case(header.name), header.value);
  }
  auto body = co_await (*connection)->body().read_all(wanted.body_limit);
  if (!body && body.error().code == Code::timeout) {
    co_return client_failure(Kind::timeout, "the server did not answer in time",
                             std::move(body).error().detail);
  }
  if (!body) co_return malformed(std::move(body).error().message);
  fetched.body = std::move(*body);
  co_return fetched;
}

}  // namespace

std::vector<std::string_view> Fetched::find_all(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : headers) {
    if (key == name) found.push_back(value);
  }
  return found;
}

Task<ClientResult<Fetched>> fetch(Dialer dialer, Fetch wanted) {
  const std::int64_t until = net::coarse_now() + wanted.total.count();
  Url url = wanted.url;
  for (int followed = 0;; ++followed) {
    const bool with_authorization = url.same_origin(wanted.url);
    auto fetched = co_await fetch_once(dialer, wanted, url, with_authorization, until);
    if (!fetched || !is_redirect(fetched->status) || wanted.redirects == 0) co_return fetched;
    if (followed == wanted.redirects) co_return malformed("it redirects without end");
    const auto location = fetched->find_all("location");
    if (location.size() != 1) co_return malformed("it redirects, but does not say where to");
    auto next = resolve(url, location.front());
    if (!next) co_return malformed(std::move(next).error().message);
    if (next->scheme == Url::Scheme::unix || (url.encrypted() && !next->encrypted())) {
      co_return malformed("it redirects from https to something that is not");
    }
    url = std::move(*next);
  }
}

}  // namespace moorgate::http
