#include "base/error.hpp"

#include <cerrno>
#include <system_error>

namespace moorgate {

Error system_error(int errno_value, std::string_view doing, std::string_view what) {
  const bool full = errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG;
  Error error;
  error.code = full ? Code::insufficient_storage : Code::internal;
  error.message = std::string("could not ").append(doing);
  if (full) error.message += ": the registry's disk is full; nothing of this request was kept";
  error.detail = std::string(doing) + ": " + std::generic_category().message(errno_value);
  if (!what.empty()) error.detail.append(" (").append(what).append(")");
  return error;
}

}  // namespace moorgate
