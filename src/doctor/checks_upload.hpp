#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "doctor/finding.hpp"
#include "doctor/http_probe.hpp"

/// Pure functions from answers to findings: how uploads pass the door.
namespace moorgate::doctor {

/// `asked` names a request with a Location in its answer, such as "POST of an upload session".
Findings check_location(const Url& door, std::string_view asked, const Answer& answer);

/// A method that should have reached the registry, which answers in its own words.
Findings check_method(std::string_view method, const Answer& answer);

Findings check_chunked(const Answer& answer);
Findings check_expect(const Answer& answer);

/// Of a PATCH that announced `size` bytes, whether it sent them all or not.
Findings check_body_limit(std::uint64_t size, const Answer& answer);

/// A PATCH to a session that does not exist, held still long before its body's end: a registry
/// refuses on the head alone, and a proxy that keeps the body does not let it see the head.
/// `held` was cut off at the pause; `whole` is the same with a complete small body, as proof that
/// an answer is to be had.
Findings check_buffering(const Answer& held, const Answer& whole);

/// A PATCH that paused for `pause` in its middle.
Findings check_pause(std::chrono::milliseconds pause, const Answer& answer);

/// "16 MiB".
std::string in_words(std::uint64_t bytes);

}  // namespace moorgate::doctor
