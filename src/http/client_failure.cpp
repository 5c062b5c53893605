#include "http/client_failure.hpp"

namespace moorgate::http {

int ClientFailure::status() const noexcept {
  switch (kind) {
    case Kind::busy:
    case Kind::suspended:
      return 503;
    case Kind::timeout:
      return 504;
    case Kind::body:
      return 400;
    case Kind::abandoned:
      return 499;
    case Kind::refused:
      return 500;
    case Kind::unreachable:
    case Kind::broken:
    case Kind::malformed:
    case Kind::credentials:
      return 502;
  }
  return 502;
}

std::string_view ClientFailure::kind_text() const noexcept {
  switch (kind) {
    case Kind::busy:
      return "busy";
    case Kind::suspended:
      return "suspended";
    case Kind::unreachable:
      return "unreachable";
    case Kind::broken:
      return "broken";
    case Kind::timeout:
      return "timeout";
    case Kind::malformed:
      return "malformed";
    case Kind::credentials:
      return "credentials";
    case Kind::body:
      return "body";
    case Kind::abandoned:
      return "abandoned";
    case Kind::refused:
      return "refused";
  }
  return "broken";
}

}  // namespace moorgate::http
