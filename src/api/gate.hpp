#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "access/authorizer.hpp"
#include "access/permit.hpp"
#include "api/query.hpp"
#include "api/route.hpp"
#include "auth/cached_authenticator.hpp"
#include "auth/principal.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "http/exchange.hpp"

namespace moorgate::api {

/// What a request line asks of a registry (step 2 of a request).
struct Intent {
  http::Method method = http::Method::other;
  Route route;
  /// nullopt: the query holds a broken percent-escape.
  std::optional<Query> query;

  /// `path` lies under /v2 (is_registry_path); both are as sent, not decoded.
  static Intent of(http::Method method, std::string_view path, std::string_view query);
  /// The right it needs; nullopt where the endpoint does not offer the method.
  std::optional<access::Action> action() const noexcept {
    return action_of(route.endpoint, method);
  }
};

/// Why a request is turned away, as it goes to the client.
struct [[nodiscard]] Refusal {
  int status = 401;
  /// The spec's error code.
  std::string_view code = "UNAUTHORIZED";
  std::string message = {};
  /// Methods for the Allow header of a 405.
  std::string_view allow = {};
  /// For the log only.
  std::string detail = {};

  static Refusal challenge(std::string message) { return {.message = std::move(message)}; }
  static Refusal of(Error error);
};

/// Steps 2 to 4 of a request's journey: who asks, for what, and may they. The same for every shape
/// and every way in; what it lets pass is the business of a Backend. One per worker.
class Gate {
 public:
  struct Parts {
    std::unique_ptr<auth::CachedAuthenticator> authenticator;
    std::unique_ptr<access::Authorizer> authorizer;
    /// The value of WWW-Authenticate.
    std::string challenge;
    /// False: nobody is asked who they are; everybody is anonymous and nobody is challenged.
    bool sign_in = true;
  };

  explicit Gate(Parts parts) : parts_(std::move(parts)) {}

  using Identity = std::expected<std::shared_ptr<const auth::Principal>, Refusal>;

  /// Who sends the request; never null, but perhaps anonymous. A user whom a trusted proxy has
  /// signed in comes before the Authorization header.
  Task<Identity> identify(http::Exchange& exchange);
  /// The same where nothing has to be waited for, as with credentials seen lately; else nullptr.
  std::shared_ptr<const auth::Principal> identify_at_once(http::Exchange& exchange);

  /// Whether `principal` may do it. Nothing within: it is admitted and concerns no repository. What
  /// is wrong with a request is told only to those who have signed in.
  std::expected<std::optional<access::Permit>, Refusal> admit(const auth::Principal& principal,
                                                              const Intent& intent) const;

  /// Sends the refusal, with the one challenge if it is a 401.
  Task<> refuse(http::Exchange& exchange, Refusal refusal) const;

  /// The refusal as it may be sent: no challenge where nobody can sign in.
  Refusal settled(Refusal refusal) const;

  const access::Authorizer& authorizer() const noexcept { return *parts_.authorizer; }
  const std::string& challenge() const noexcept { return parts_.challenge; }

  /// After a reload, on the worker's own loop.
  void replace(std::shared_ptr<auth::Authenticator> users,
               std::shared_ptr<const access::Policy> policy);

 private:
  /// Anonymous where that is not the only way to be.
  bool must_sign_in(const auth::Principal& principal) const noexcept {
    return parts_.sign_in && principal.anonymous();
  }
  /// The Authorization header, as far as anybody is asked for one.
  std::string_view credentials_of(const http::RequestHead& head) const;
  std::expected<std::optional<access::Permit>, Refusal> admit_without_repository(
      const auth::Principal& principal, const Intent& intent) const;

  Parts parts_;
};

}  // namespace moorgate::api
