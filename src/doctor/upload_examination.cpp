#include <array>
#include <functional>

#include "doctor/checks_door.hpp"
#include "doctor/checks_trust.hpp"
#include "doctor/checks_upload.hpp"
#include "doctor/visit.hpp"

namespace moorgate::doctor {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kKibi = 1024;
constexpr std::uint64_t kMebi = kKibi * kKibi;
constexpr std::uint64_t kSmall = 4 * kKibi;
constexpr std::array kSentSizes = {2 * kMebi, 16 * kMebi};
constexpr std::array kAnnouncedSizes = {200 * kMebi, 5 * kKibi* kMebi};
constexpr milliseconds kRefusalTime{1'000};
/// More than what Go's server swallows (256 KiB) before it answers a request that it refuses, and
/// less than nginx' own body limit (1 MiB).
constexpr std::uint64_t kHeldSize = 768 * kKibi;
constexpr std::uint64_t kHeldAfter = 16 * kKibi;
constexpr milliseconds kHeldTime{3'000};
constexpr std::string_view kWrongDigest =
    "digest=sha256:0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view kNoSession = "00000000-0000-4000-8000-000000000000";

std::string uploads_of(const std::string& repository) {
  return "/v2/" + repository + "/blobs/uploads/";
}

/// Where the answer says the upload goes on, but always at the door: a password stays there.
std::optional<Url> session_in(const Visit& visit, const Answer& answer) {
  const auto url = visit.order.door.resolve(answer.header("Location"));
  if (!url) return std::nullopt;
  return visit.order.door.at(url->target());
}

Answer open_session(Visit& visit, std::vector<Header> headers = {}) {
  return visit.ask({.method = "POST",
                    .url = visit.order.door.at(uploads_of(visit.order.repository)),
                    .headers = std::move(headers),
                    .body = Body{}},
                   visit.order.repository);
}

/// A PATCH of a new session that is cancelled afterwards. Nothing if no session was to be had, or
/// one of those before would not go away.
std::optional<Answer> patch_once(Visit& visit, const Body& body, bool expect_continue = false) {
  if (visit.leaves_sessions) return std::nullopt;
  const Answer opened = open_session(visit);
  auto session = opened.is(202) ? session_in(visit, opened) : std::nullopt;
  if (!session) return std::nullopt;
  Answer answer = visit.ask(
      {.method = "PATCH", .url = *session, .body = body, .expect_continue = expect_continue},
      visit.order.repository);
  // The registry notices a connection that hung up only when its bytes stop.
  if (!answer.answered()) visit.probe.wait(milliseconds{300});
  auto moved = answer.is(202) ? session_in(visit, answer) : std::nullopt;
  cancel_upload(visit, moved ? *moved : *session);
  return answer;
}

void examine_strange_uploads(Visit& visit) {
  visit.doing("starting an upload without a password");
  const Answer answer =
      visit.probe.ask({.method = "POST",
                       .url = visit.order.door.at(uploads_of(visit.order.repository)),
                       .body = Body{}});
  visit.add(check_open_push(answer));
  if (const auto session = answer.is(202) ? session_in(visit, answer) : std::nullopt) {
    cancel_upload(visit, *session);
  }
}

/// Whether uploads can be examined at all.
bool examine_start(Visit& visit) {
  visit.doing("starting uploads in " + visit.order.repository);
  const Answer answer = open_session(visit);
  if (!answer.is(202)) {
    Findings filtered = check_method("POST", answer);
    if (filtered.empty()) {
      visit.note("uploads were not examined: POST in " + visit.order.repository + " says " +
                 answer.summary() +
                 "; name a repository that this user may push to with "
                 "--repository NAME");
    }
    visit.add(std::move(filtered));
    return false;
  }
  visit.add(check_location(visit.order.door, "POST of an upload session", answer));
  const auto session = session_in(visit, answer);
  if (session) cancel_upload(visit, *session);
  if (visit.leaves_sessions) {
    visit.note("uploads were not examined further, since their sessions cannot be cancelled");
    return false;
  }
  const Answer forged = open_session(visit, host_headers());
  visit.add(check_spoofed_host("POST of an upload session", forged));
  if (const auto other = forged.is(202) ? session_in(visit, forged) : std::nullopt) {
    cancel_upload(visit, *other);
  }
  return session.has_value();
}

/// False when PATCH does not reach the registry: then nothing of what follows can be told.
bool examine_methods(Visit& visit) {
  visit.doing("sending small uploads");
  const auto plain = patch_once(visit, {.size = kSmall});
  if (!plain) return false;
  Findings filtered = check_method("PATCH", *plain);
  const bool passes = filtered.empty();
  visit.add(std::move(filtered));
  if (!passes) return false;
  if (plain->is(202)) {
    visit.add(check_location(visit.order.door, "PATCH of an upload session", *plain));
  }
  // A PUT to no session: the registry refuses, and in its own words.
  const std::string target = uploads_of(visit.order.repository) + std::string(kNoSession) + "?" +
                             std::string(kWrongDigest);
  visit.add(check_method(
      "PUT", visit.ask({.method = "PUT", .url = visit.order.door.at(target), .body = Body{}},
                       visit.order.repository)));
  if (const auto chunked = patch_once(visit, {.size = kSmall, .chunked = true})) {
    visit.add(check_chunked(*chunked));
  }
  if (const auto expecting = patch_once(visit, {.size = kSmall}, true)) {
    visit.add(check_expect(*expecting));
  }
  return true;
}

void examine_sizes(Visit& visit) {
  const auto refused = [&visit](std::uint64_t size, const Body& body) {
    visit.doing("an upload of " + in_words(size));
    const auto answer = patch_once(visit, body);
    if (!answer) return true;
    Findings found = check_body_limit(size, *answer);
    const bool limited = !found.empty();
    visit.add(std::move(found));
    return limited;
  };
  for (const std::uint64_t size : kSentSizes) {
    if (!visit.has_time_for("uploads of " + in_words(size) + " were") ||
        refused(size, {.size = size}))
      return;
  }
  for (const std::uint64_t size : kAnnouncedSizes) {
    if (refused(size, {.size = size, .pause = kRefusalTime, .hang_up = true})) return;
  }
}

void examine_buffering(Visit& visit) {
  visit.doing("holding an upload back, to see who waits for its end");
  const Url nowhere =
      visit.order.door.at(uploads_of(visit.order.repository) + std::string(kNoSession));
  const auto patch = [&](const Body& body) {
    return visit.ask({.method = "PATCH", .url = nowhere, .body = body}, visit.order.repository);
  };
  const Answer whole = patch({.size = kSmall});
  const Answer held =
      patch({.size = kHeldSize, .pause_after = kHeldAfter, .pause = kHeldTime, .hang_up = true});
  if (!speaks_registry(whole)) {
    visit.note(
        "whether the proxy keeps whole uploads could not be told: a PATCH to no session says " +
        whole.summary());
  }
  visit.add(check_buffering(held, whole));
}

void examine_pause(Visit& visit) {
  const auto patience = visit.order.patience;
  if (patience.count() == 0) return;
  visit.doing("an upload that pauses for " + std::to_string(patience.count()) + " s");
  const auto answer =
      patch_once(visit, {.size = 2 * kHeldAfter, .pause_after = kHeldAfter, .pause = patience});
  if (!answer) return;
  Findings found = check_pause(patience, *answer);
  if (found.empty() && patience.count() <= 60) {
    visit.note("pauses of an upload longer than " + std::to_string(patience.count()) +
               " s were not tried; many proxies cut after 60 s: --patience 75 tells");
  }
  visit.add(std::move(found));
}

}  // namespace

void cancel_upload(Visit& visit, const Url& session) {
  constexpr int kTries = 3;
  const auto ask = [&](const char* method) {
    return visit.ask({.method = method, .url = session}, visit.order.repository);
  };
  for (int round = 0; round < kTries; ++round) {
    const Answer answer = ask("DELETE");
    if (answer.is(204) || (answer.is(404) && speaks_registry(answer))) return;
    if (round == 0) visit.add(check_method("DELETE", answer));
    // Some registries cancel a session that was broken off and say 400 all the same.
    if (ask("GET").is(404)) return;
    visit.probe.wait(milliseconds{300});
  }
  visit.leaves_sessions = true;
  visit.add({{Ailment::session_left, "DELETE of an upload session in " + visit.order.repository}});
}

void examine_uploads(Visit& visit) {
  if (!visit.has_time_for("uploads were")) return;
  examine_strange_uploads(visit);
  if (!examine_start(visit)) return;
  if (!visit.has_time_for("methods of uploads were") || !examine_methods(visit)) return;
  if (visit.has_time_for("large uploads were")) examine_sizes(visit);
  if (visit.has_time_for("the keeping of whole uploads was")) examine_buffering(visit);
  if (visit.has_time_for("pauses of an upload were")) examine_pause(visit);
}

}  // namespace moorgate::doctor
