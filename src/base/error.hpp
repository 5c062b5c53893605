#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace moorgate {

/// Every outcome a caller may want to react to. A new code is added only when somebody reacts to
/// it; api/error_body maps each to its wire name and HTTP status.
enum class Code {
  // What the OCI distribution spec names.
  blob_unknown,
  blob_upload_invalid,
  blob_upload_unknown,
  digest_invalid,
  manifest_blob_unknown,
  manifest_invalid,
  manifest_unknown,
  name_invalid,
  name_unknown,
  size_invalid,
  unauthorized,
  denied,
  unsupported,
  too_many_requests,
  // What registries in the field add to it.
  tag_invalid,
  range_invalid,
  pagination_number_invalid,
  precondition_failed,
  manifest_too_large,
  // Transport and service.
  bad_request,
  end_of_stream,
  timeout,
  insufficient_storage,
  unavailable,
  internal,
};

/// Why something did not happen. `message` is written for the person at the client and holds no
/// secret; `detail` is for the log only (errno texts, SQL, paths).
struct [[nodiscard]] Error {
  Code code = Code::internal;
  std::string message;
  std::string detail = {};
};

template <class T = void>
using Result = std::expected<T, Error>;

/// `return failure(Code::blob_unknown, "...");`
inline std::unexpected<Error> failure(Code code, std::string message, std::string detail = {}) {
  return std::unexpected<Error>(Error{code, std::move(message), std::move(detail)});
}

/// Hands on the error of another Result: `return failure(std::move(other).error());`
inline std::unexpected<Error> failure(Error error) {
  return std::unexpected<Error>(std::move(error));
}

/// The error of a failed system call: ENOSPC and EDQUOT become insufficient_storage, EMFILE and
/// ENFILE unavailable, everything else internal. `doing` completes the sentence "could not …" and
/// goes to log and client alike, so it names no path; the path belongs in `what`.
Error system_error(int errno_value, std::string_view doing, std::string_view what = {});

}  // namespace moorgate
