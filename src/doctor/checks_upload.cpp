#include "doctor/checks_upload.hpp"

#include "base/text.hpp"
#include "doctor/checks_door.hpp"

namespace moorgate::doctor {
namespace {

/// Refused by somebody who is not the registry.
bool refused_on_the_way(const Answer& answer) {
  return answer.answered() && answer.status >= 400 && !speaks_registry(answer);
}

}  // namespace

std::string in_words(std::uint64_t bytes) {
  constexpr std::uint64_t kKibi = 1024;
  if (bytes >= kKibi * kKibi) return std::to_string(bytes / (kKibi * kKibi)) + " MiB";
  return std::to_string(bytes / kKibi) + " KiB";
}

Findings check_location(const Url& door, std::string_view asked, const Answer& answer) {
  const std::string_view location = answer.header("Location");
  const std::string seen = std::string(asked) + ": Location: " + quoted(location);
  if (location.empty()) return {{Ailment::location_form, std::string(asked) + ": no Location"}};
  const auto url = door.resolve(location);
  if (!url || (!location.starts_with('/') && !location.contains("://"))) {
    return {{Ailment::location_form, seen}};
  }
  const Origin& there = url->origin();
  Findings findings;
  if (there.scheme != door.origin().scheme) findings.push_back({Ailment::location_scheme, seen});
  const bool same_port = there.port == door.origin().port ||
                         (there.has_default_port() && door.origin().has_default_port());
  if (there.host != door.origin().host || !same_port) {
    findings.push_back({Ailment::location_host, seen});
  }
  return findings;
}

Findings check_method(std::string_view method, const Answer& answer) {
  const bool unsupported = answer.is(405) || answer.is(501);
  if (!unsupported && !(answer.is(403) && refused_on_the_way(answer))) return {};
  if (unsupported && speaks_registry(answer)) return {};
  return {{Ailment::method_filtered,
           std::string(method) + " of an upload session: " + answer.summary()}};
}

Findings check_chunked(const Answer& answer) {
  const bool refused =
      answer.is(411) || answer.is(501) || (answer.is(400) && !speaks_registry(answer));
  if (!refused) return {};
  return {{Ailment::chunked_refused, "PATCH with Transfer-Encoding: chunked: " + answer.summary()}};
}

Findings check_expect(const Answer& answer) {
  if (answer.is(417) || answer.outcome == Outcome::broken || answer.outcome == Outcome::timeout) {
    return {{Ailment::expect_refused, "PATCH with Expect: 100-continue: " + answer.summary()}};
  }
  return {};
}

Findings check_body_limit(std::uint64_t size, const Answer& answer) {
  if (!answer.is(413) && !(answer.is(403) && refused_on_the_way(answer))) return {};
  return {{Ailment::body_limit, "PATCH of " + in_words(size) + ": " + answer.summary()}};
}

Findings check_buffering(const Answer& held, const Answer& whole) {
  if (held.answered() || !whole.answered() || !speaks_registry(whole)) return {};
  return {
      {Ailment::buffered,
       "PATCH to a session that does not exist: the registry says " + std::to_string(whole.status) +
           " to a complete request, but nothing while the body is held back after " +
           in_words(held.sent) +
           " (fairly sure: a registry that reads a whole body before it refuses looks the same)"}};
}

Findings check_pause(std::chrono::milliseconds pause, const Answer& answer) {
  if (answer.answered() && answer.status < 400) return {};
  if (answer.answered() && answer.status != 408 && answer.status < 500) return {};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(pause).count();
  return {{Ailment::pause_cut, "PATCH that pauses for " + std::to_string(seconds) + " s: after " +
                                   std::to_string((answer.took.count() + 500) / 1000) + " s " +
                                   answer.summary()}};
}

}  // namespace moorgate::doctor
