#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/password_hash.hpp"
#include "base/error.hpp"
#include "config/problem.hpp"

namespace moorgate::auth {

/// Which of the hashes that can be verified are accepted.
enum class Schemes : std::uint8_t { all, bcrypt };

/// The users of one password file, as it was at one moment. Never changes.
class HtpasswdTable {
 public:
  static constexpr std::size_t kMaxFile = std::size_t{16} << 20U;
  static constexpr std::size_t kMaxLine = std::size_t{8} << 10U;

  struct Entry {
    std::string hash;
    Scheme scheme = Scheme::bcrypt;
    bool usable = true;  // false: the user is known and cannot sign in
  };

  /// nullptr if the file has none of that name.
  const Entry* find(std::string_view user) const;
  /// What to verify against for a user nobody knows: of the scheme and cost most entries have, and
  /// matched by no password.
  const Entry& decoy() const noexcept { return decoy_; }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  friend struct HtpasswdParser;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
  Entry decoy_;
};

/// `warnings` name what does not work (a hash of an unknown or unsafe kind, a second line for the
/// same user, of which the first counts) with file and line. `table` is null, and `errors` say why,
/// if the file cannot be trusted as a whole: a line that is not `name:hash[:comment]`, binary
/// content, a limit, or no user who can sign in.
struct HtpasswdFile {
  std::shared_ptr<const HtpasswdTable> table;
  std::vector<config::Problem> errors;
  std::vector<config::Problem> warnings;
};

/// `file` only names the text in Problems.
HtpasswdFile parse_htpasswd(std::string_view text, const std::string& file,
                            Schemes schemes = Schemes::all);
/// Blocking.
HtpasswdFile load_htpasswd(const std::filesystem::path& file, Schemes schemes = Schemes::all);

// ---- The editing side, for `moorgate htpasswd`.

/// A name that every reader of the format understands: not empty, no ':', no control characters,
/// no leading '#', no blanks at either end, at most 255 bytes.
Result<> check_user_name(std::string_view user);
/// `text` with the user's first line replaced or a line added at the end (true: replaced); later
/// lines of the same user go. All other lines stay as they are, byte for byte.
bool set_user(std::string& text, std::string_view user, std::string_view hash);
/// Removes every line of the user; false if there is none.
bool remove_user(std::string& text, std::string_view user);

/// Empty if there is no such file. Blocking.
Result<std::string> read_htpasswd_text(const std::filesystem::path& file);
/// Replaces the file in one step, so that a reader sees the old or the new one and a power cut
/// leaves one of them. Mode and owner stay; a new file is for its owner only (0600). A symbolic
/// link stays and its target is replaced. Blocking.
Result<> write_htpasswd_text(const std::filesystem::path& file, std::string_view text);

}  // namespace moorgate::auth
