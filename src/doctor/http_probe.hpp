#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "doctor/url.hpp"

namespace moorgate::doctor {

struct Header {
  std::string name;
  std::string value;
};

/// A request's body: zeros, made up while they are sent.
struct Body {
  std::uint64_t size = 0;  ///< bytes; announced as Content-Length unless `chunked`
  bool chunked = false;
  /// After `pause_after` bytes nothing is sent for `pause`, or until an answer comes.
  std::uint64_t pause_after = 0;
  std::chrono::milliseconds pause{0};
  /// When the pause is over, hang up instead of sending the rest: Outcome::silent.
  bool hang_up = false;
};

/// One request, sent exactly like this over HTTP/1.1. Redirects are never followed.
struct Ask {
  std::string method;
  Url url;
  std::vector<Header> headers = {};
  /// Value of the Authorization header; none when empty.
  Secret authorization = {};
  std::optional<Body> body = {};
  bool expect_continue = false;
};

enum class Outcome : std::uint8_t {
  answered,
  unreachable,  ///< no connection: unknown name, refused, no route
  untrusted,    ///< TLS did not come about
  broken,       ///< the connection ended, or what came back was no HTTP
  timeout,      ///< connected, but no answer within the time an ask may take
  silent,       ///< no answer up to the moment when we hung up as `Body::hang_up` says
};

enum class TlsProblem : std::uint8_t { none, expired, wrong_name, unknown_authority, other };

struct Answer {
  Outcome outcome = Outcome::unreachable;
  int status = 0;
  std::vector<Header> headers = {};
  std::string body = {};  ///< at most HttpProbe::kMaxBody bytes; the rest is not read
  /// Where it was not answered: what went wrong, in words.
  std::string failure = {};
  TlsProblem tls = TlsProblem::none;
  /// The server sent one certificate, signed by somebody else. Known once TLS has come about.
  bool certificate_alone = false;
  /// Bytes of the request's body that had been handed out when the answer began, or ever.
  std::uint64_t sent = 0;
  bool continued = false;  ///< a "100 Continue" came first
  /// From the start to the answer's beginning, or to giving up.
  std::chrono::milliseconds took{0};

  bool answered() const noexcept { return outcome == Outcome::answered; }
  bool is(int expected) const noexcept { return answered() && status == expected; }
  /// Value of the first header of that name, "" without one. `count` tells how many there are.
  std::string_view header(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
  /// "503 (text/html)", or what went wrong: for evidence.
  std::string summary() const;
};

/// The one interface to the network. For one thread; `ask` blocks, never longer than some bounded
/// time plus the pause that was asked for.
class HttpProbe {
 public:
  static constexpr std::size_t kMaxBody = std::size_t{4} << 20;
  HttpProbe() = default;
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;
  virtual ~HttpProbe() = default;

  virtual Answer ask(const Ask& ask) = 0;
  /// From here on certificates are not checked. Who calls this sends no secret any more.
  virtual void trust_anybody() = 0;
  virtual void wait(std::chrono::milliseconds time) = 0;
};

}  // namespace moorgate::doctor
