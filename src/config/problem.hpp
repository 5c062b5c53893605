#pragma once

#include <iosfwd>
#include <string>

namespace moorgate::config {

/// One mistake in the configuration, where it was made, and what would be right. It never holds the
/// text of a secret.
struct Problem {
  std::string file;  // or "environment variable MOORGATE_…"
  int line = 0;      // 0: the file as a whole, or not a file
  std::string key;   // full path such as listen[0].address; may be empty
  std::string message;

  bool operator==(const Problem&) const = default;
};

/// "moorgate.yml:12: tls.certifcate: unknown key; did you mean certificate?"
std::string to_string(const Problem& problem);
std::ostream& operator<<(std::ostream& out, const Problem& problem);

}  // namespace moorgate::config
