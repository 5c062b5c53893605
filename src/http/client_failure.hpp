#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace moorgate::http {

/// Why a request to a server came to nothing. `error.message` may be shown to a client: it names no
/// address and no secret; `error.detail` is for the log.
struct ClientFailure {
  enum class Kind : std::uint8_t {
    busy,       ///< No connection, or no descriptor for one, was free: no fault of the server. 503
    suspended,  ///< The server has failed lately and is given time to recover. 503
    unreachable,  ///< Name, connection or TLS failed; nothing was sent. 502
    broken,       ///< The connection ended before the answer's head was complete. 502
    timeout,      ///< The server took nothing, or said nothing, for too long. 504
    malformed,    ///< The answer is no HTTP that two parsers would read alike. 502
    credentials,  ///< The server, or its token service, refuses what we have for it. 502
    body,         ///< The source of the request's body failed; `error` is the source's.
    abandoned,    ///< Whoever wanted the answer has left; nobody is to be told.
    refused,      ///< The request itself cannot be sent as it is (our caller's mistake). 500
  };

  Kind kind = Kind::broken;
  Error error;
  /// With `busy` and `suspended`: when it is worth trying again.
  std::chrono::seconds retry_after{1};

  /// The request's body was still on its way: its source may have been too slow for the server.
  bool in_body = false;

  /// What speaks against the server, so that it counts for its health.
  bool blames_server() const noexcept {
    if (in_body) return false;
    return kind == Kind::unreachable || kind == Kind::broken || kind == Kind::timeout ||
           kind == Kind::malformed;
  }
  /// The status that tells a client of ours; 400 for `body`, 499 for `abandoned`.
  int status() const noexcept;
  std::string_view kind_text() const noexcept;
};

template <class T = void>
using ClientResult = std::expected<T, ClientFailure>;

inline std::unexpected<ClientFailure> client_failure(ClientFailure::Kind kind, std::string message,
                                                     std::string detail = {}) {
  ClientFailure failed;
  failed.kind = kind;
  failed.error = {Code::unavailable, std::move(message), std::move(detail)};
  return std::unexpected<ClientFailure>(std::move(failed));
}
inline std::unexpected<ClientFailure> client_failure(ClientFailure failed) {
  return std::unexpected<ClientFailure>(std::move(failed));
}

}  // namespace moorgate::http
