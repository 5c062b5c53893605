#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/secret.hpp"

namespace moorgate::http {

/// What is asked of a server, its body aside. How the message is delimited and what becomes of the
/// connection is the connection's business, and so are the headers that say it.
class ClientRequest {
 public:
  /// `target` in origin form; it is checked when the request is sent.
  ClientRequest(std::string_view method, std::string_view target)
      : method_(method), target_(target) {
    lines_.reserve(256);
  }

  /// Adds a header line. False, and nothing is added, where the name is no token or the value holds
  /// a control character, or where owns(name).
  bool add(std::string_view name, std::string_view value);
  /// The Authorization header, e.g. "Basic …", in place of an earlier one; empty for none.
  void authorize(Secret value) { authorization_ = std::move(value); }
  /// Sends "Expect: 100-continue" and holds the body back until the server wants it, refuses it or
  /// has been silent for ClientTimeouts::continue_wait.
  void expect_continue(bool wanted) noexcept { expect_continue_ = wanted; }

  /// Asked about once a second while the answer is waited for: if nobody wants it any more, the
  /// exchange ends with Kind::abandoned. Only of a safe() request without a body: what changes
  /// something is not left in the middle.
  void wanted_while(std::function<bool()> wanted) { wanted_ = std::move(wanted); }

  /// Host, Content-Length, Authorization and the hop-by-hop fields (RFC 9110 §7.6.1): never added
  /// from outside.
  static bool owns(std::string_view name) noexcept;

  const std::string& method() const noexcept { return method_; }
  const std::string& target() const noexcept { return target_; }
  /// The added lines, each ending in CR LF.
  const std::string& lines() const noexcept { return lines_; }
  const Secret& authorization() const noexcept { return authorization_; }
  bool expects_continue() const noexcept { return expect_continue_; }
  bool wanted() const { return !wanted_ || wanted_(); }
  /// RFC 9110 §9.2.2 without PUT and DELETE: a second try can do no harm.
  bool safe() const noexcept;

 private:
  std::string method_;
  std::string target_;
  std::string lines_;
  Secret authorization_;
  bool expect_continue_ = false;
  std::function<bool()> wanted_;
};

}  // namespace moorgate::http
