#include "base/error.hpp"

#include <cerrno>
#include <system_error>

namespace moorgate {

Error system_error(int errno_value, std::string_view doing, std::string_view what) {
  const bool full = errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG;
  const bool short_of_files = errno_value == EMFILE || errno_value == ENFILE;
  Error error;
  error.code = full             ? Code::insufficient_storage
               : short_of_files ? Code::unavailable
                                : Code::internal;
  error.message = std::string("could not ").append(doing);
  if (full) error.message += ": the registry's disk is full; nothing of this request was kept";
  if (short_of_files) error.message += ": too many files are open; try again in a moment";
  error.detail = std::string(doing) + ": " + std::generic_category().message(errno_value);
  if (!what.empty()) error.detail.append(" (").append(what).append(")");
  return error;
}

}  // namespace moorgate
