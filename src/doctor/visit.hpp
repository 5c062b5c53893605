#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "doctor/finding.hpp"
#include "doctor/http_probe.hpp"
#include "doctor/sign_in.hpp"

namespace moorgate::doctor {

struct Order {
  Url door;
  std::optional<Account> account = {};
  /// Where uploads are tried; images are read from it too if it was named by the caller.
  std::string repository = "moorgate-doctor";
  bool repository_named = false;
  /// How long an upload may pause.
  std::chrono::seconds patience{20};
  /// After this, and `patience`, nothing new is begun.
  std::chrono::seconds time_limit{40};
  /// Where the same host may have a door without TLS.
  std::uint16_t plain_port = 80;
};

/// What an examination brought to light.
struct Report {
  /// False when nobody could be asked; the last note says why.
  bool ran = false;
  Findings findings = {};
  /// What could not be examined and why.
  std::vector<std::string> notes = {};
  /// Value of the door's Server header, if it has one.
  std::string server = {};
};

/// What is said while an examination runs.
using Progress = std::function<void(std::string_view doing)>;

/// What the parts of one examination share.
struct Visit {
  HttpProbe& probe;
  const Order& order;
  const Progress& progress;
  Report report = {};
  /// Set once the door has taken a password; without it everything is asked as a stranger.
  std::optional<SignIn> sign_in = {};
  /// An upload session could not be cancelled: no more are opened.
  bool leaves_sessions = false;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

  bool late() const {
    return std::chrono::steady_clock::now() - started >= order.time_limit + order.patience;
  }
  /// False, with a note, when the time is over: then `what` is not examined.
  bool has_time_for(std::string_view what) {
    if (!late()) return true;
    note(std::string(what) + " not examined: the door answers too slowly");
    return false;
  }
  void doing(std::string_view what) const {
    if (progress) progress(what);
  }
  void note(std::string text) { report.notes.push_back(std::move(text)); }
  void add(Findings findings) {
    for (auto& finding : findings) report.findings.push_back(std::move(finding));
  }
  /// One request with what the repository needs to be let in.
  Answer ask(Ask ask, const std::string& repository) {
    if (sign_in) {
      if (auto authorization = sign_in->authorization_for(repository)) {
        ask.authorization = std::move(*authorization);
      }
    }
    return probe.ask(ask);
  }
  Answer ask_as_stranger(std::string method, const Url& url, std::vector<Header> headers = {}) {
    return probe.ask({.method = std::move(method), .url = url, .headers = std::move(headers)});
  }
};

void examine_trust(Visit& visit);
void examine_uploads(Visit& visit);
void examine_contents(Visit& visit);
/// Ends an upload session, and says so in the report when it does not end.
void cancel_upload(Visit& visit, const Url& session);

}  // namespace moorgate::doctor
