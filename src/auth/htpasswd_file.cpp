#include "auth/htpasswd_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "auth/credentials.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"

namespace moorgate::auth {
namespace {

// A file of another kind altogether would otherwise fill the log.
constexpr std::size_t kMaxProblems = 50;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Takes the next line, with its end, off `rest`.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto size = end == std::string_view::npos ? rest.size() : end + 1;
  const auto line = rest.substr(0, size);
  rest.remove_prefix(size);
  return line;
}

/// Some editors put the mark before the first line, and joined files have it anywhere.
std::string_view without_byte_order_mark(std::string_view line) {
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  return line;
}

bool holds_an_entry(std::string_view line) {
  const auto text = trim(line);
  return !text.empty() && text.front() != '#';
}

}  // namespace

/// Collects a table line by line.
struct HtpasswdParser {
  HtpasswdParser(const std::string& name, Schemes accepted) : file(name), schemes(accepted) {}

  void read(std::string_view text) {
    while (!text.empty()) {
      ++line;
      read_line(without_byte_order_mark(without_line_end(take_line(text))));
    }
    finish();
  }

  void read_line(std::string_view text) {
    if (text.size() > HtpasswdTable::kMaxLine) return fail("the line is too long");
    if (std::ranges::any_of(text, [](char c) { return is_control(c) && c != '\t'; })) {
      return fail("a control character; is this a password file, saved as UTF-8?");
    }
    if (!holds_an_entry(text)) return;
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return fail("not of the form name:hash");
    const auto user = text.substr(0, colon);
    if (trim(user).empty()) return fail("no user name before the colon");
    const auto rest = text.substr(colon + 1);
    add(user, trim(rest.substr(0, rest.find(':'))));
  }

  void add(std::string_view user, std::string_view hash) {
    const auto [first, is_new] = lines.try_emplace(std::string(user), line);
    if (!is_new) {
      return warn("user " + moorgate::quoted(user) + " again; line " +
                  std::to_string(first->second) + " counts, this one does not");
    }
    HtpasswdTable::Entry entry;
    if (auto valid = check_user_name(user); !valid) {
      entry.usable = false;
      warn("user " + moorgate::quoted(user) + " cannot sign in: " + valid.error().message);
    } else if (auto scheme = classify(hash); !scheme) {
      entry.usable = false;
      warn("user " + moorgate::quoted(user) + " cannot sign in: " + scheme.error().message);
    } else if (schemes == Schemes::bcrypt && *scheme != Scheme::bcrypt) {
      entry.usable = false;
      warn("user " + moorgate::quoted(user) + " cannot sign in: the hash is " +
           std::string(to_string(*scheme)) +
           " and bcrypt_only is set for this file; make a new one with moorgate htpasswd");
    } else {
      entry.hash = hash;
      entry.scheme = *scheme;
      count(entry);
    }
    table->entries_.emplace(user, std::move(entry));
  }

  void count(const HtpasswdTable::Entry& entry) {
    auto key = std::pair(entry.scheme, std::string(cost_of(entry.hash, entry.scheme)));
    const std::size_t now = ++of_cost[std::move(key)];
    if (now <= most) return;
    most = now;
    table->decoy_ = entry;
  }

  void finish() {
    if (most == 0) {
      line = 0;
      return fail(
          schemes == Schemes::bcrypt
              ? "no user in it can sign in with a bcrypt hash, and bcrypt_only is set for it"
              : "no user in it can sign in");
    }
    table->decoy_.hash = unmatchable_like(table->decoy_.hash, table->decoy_.scheme);
  }

  void fail(std::string message) { report(errors, std::move(message)); }
  void warn(std::string message) { report(warnings, std::move(message)); }
  void report(std::vector<config::Problem>& into, std::string message) const {
    if (into.size() > kMaxProblems) return;
    if (into.size() == kMaxProblems) message = "and more";
    into.push_back({.file = file, .line = line, .key = "", .message = std::move(message)});
  }

  HtpasswdFile result() && {
    HtpasswdFile out{
        .table = nullptr, .errors = std::move(errors), .warnings = std::move(warnings)};
    if (out.errors.empty()) out.table = std::move(table);
    return out;
  }

  const std::string& file;
  const Schemes schemes;
  int line = 0;
  std::shared_ptr<HtpasswdTable> table = std::make_shared<HtpasswdTable>();
  std::map<std::string, int, std::less<>> lines;
  std::map<std::pair<Scheme, std::string>, std::size_t> of_cost;
  std::size_t most = 0;
  std::vector<config::Problem> errors;
  std::vector<config::Problem> warnings;
};

namespace {

HtpasswdFile unreadable(const std::string& file, std::string message) {
  HtpasswdFile out;
  out.errors.push_back({.file = file, .line = 0, .key = "", .message = std::move(message)});
  return out;
}

Result<std::string> read_all(int fd) {
  std::string text;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(system_error(errno, "read the password file"));
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > HtpasswdTable::kMaxFile) {
      return failure(Code::unsupported, "the password file is larger than 16 MiB");
    }
  }
}

struct OpenFile {
  UniqueFd fd;
  struct stat status = {};
};

/// O_NONBLOCK: a FIFO in the file's place must not hang the process.
Result<OpenFile> open_regular(const std::filesystem::path& file) {
  OpenFile open{.fd = UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK))};
  if (!open.fd || ::fstat(open.fd.get(), &open.status) != 0) {
    if (errno == ENOENT) {
      return failure(Code::internal, "could not open the password file",
                     "No such file or directory; make it with moorgate htpasswd FILE USER");
    }
    return failure(system_error(errno, "open the password file", file.string()));
  }
  if (!S_ISREG(open.status.st_mode)) {
    return failure(Code::unsupported, "the password file is not a regular file");
  }
  return open;
}

std::string for_the_administrator(const Error& error) {
  return error.detail.empty() ? error.message : error.detail;
}

/// The user a line is about; nullopt for comments, blank and malformed lines.
std::optional<std::string_view> user_of(std::string_view line) {
  line = without_byte_order_mark(line);
  const auto colon = line.find(':');
  if (!holds_an_entry(line) || colon == std::string_view::npos) return std::nullopt;
  return line.substr(0, colon);
}

/// The line with another hash; name, comment and line end as they were.
std::string with_hash(std::string_view line, std::string_view hash) {
  const auto text = without_line_end(line);
  const auto begin = text.find(':') + 1;
  const auto end = std::min(text.find(':', begin), text.size());
  return std::string(line.substr(0, begin)).append(hash).append(line.substr(end));
}

Result<> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failure(system_error(errno, "write the password file"));
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

/// Makes the new file look like the one it replaces. The password file of a web server that lost
/// its group would lock everybody out, hence an error and not a shrug.
Result<> take_over_owner_and_mode(int fd, const std::filesystem::path& file) {
  struct stat old = {};
  if (::stat(file.c_str(), &old) != 0) {
    if (errno == ENOENT) return {};  // mkostemp made it 0600
    return failure(system_error(errno, "look at the password file", file.string()));
  }
  struct stat fresh = {};
  if (::fstat(fd, &fresh) != 0) return failure(system_error(errno, "look at the new file"));
  const bool same_owner = fresh.st_uid == old.st_uid && fresh.st_gid == old.st_gid;
  if (!same_owner && ::fchown(fd, old.st_uid, old.st_gid) != 0) {
    return failure(system_error(errno, "keep the password file's owner", file.string()));
  }
  if (::fchmod(fd, old.st_mode & 07777U) != 0) {
    return failure(system_error(errno, "keep the password file's mode", file.string()));
  }
  return {};
}

Result<> sync_folder(const std::filesystem::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) {
    return failure(system_error(errno, "make the change permanent", folder.string()));
  }
  return {};
}

Result<> fill_and_rename(int fd, const std::string& fresh, const std::filesystem::path& target,
                         std::string_view text) {
  if (auto done = write_all(fd, text); !done) return done;
  if (auto done = take_over_owner_and_mode(fd, target); !done) return done;
  if (::fsync(fd) != 0) return failure(system_error(errno, "write the password file"));
  if (::rename(fresh.c_str(), target.c_str()) != 0) {
    return failure(system_error(errno, "replace the password file", target.string()));
  }
  return {};
}

}  // namespace

const HtpasswdTable::Entry* HtpasswdTable::find(std::string_view user) const {
  const auto found = entries_.find(user);
  return found == entries_.end() ? nullptr : &found->second;
}

HtpasswdFile parse_htpasswd(std::string_view text, const std::string& file, Schemes schemes) {
  if (text.size() > HtpasswdTable::kMaxFile) {
    return unreadable(file, "the password file is larger than 16 MiB");
  }
  HtpasswdParser parser(file, schemes);
  parser.read(text);
  return std::move(parser).result();
}

HtpasswdFile load_htpasswd(const std::filesystem::path& file, Schemes schemes) {
  auto open = open_regular(file);
  if (!open) return unreadable(file, for_the_administrator(open.error()));
  const auto text = read_all(open->fd.get());
  if (!text) return unreadable(file, for_the_administrator(text.error()));
  auto parsed = parse_htpasswd(*text, file, schemes);
  if ((open->status.st_mode & S_IWOTH) != 0) {
    parsed.warnings.push_back({.file = file,
                               .line = 0,
                               .key = "",
                               .message = "everybody on this machine may write to it, and so "
                                          "let in whom they like; chmod o-w"});
  }
  return parsed;
}

Result<> check_user_name(std::string_view user) {
  const auto refused = [](std::string message) {
    return failure(Code::bad_request, std::move(message));
  };
  if (user.empty()) return refused("the user name is empty");
  if (user.size() > Credentials::kMaxUser) return refused("the user name is over 255 bytes long");
  if (user.contains(':')) return refused("a user name cannot hold a colon");
  if (std::ranges::any_of(user, is_control)) {
    return refused("a control character in the user name");
  }
  if (user.front() == '#') return refused("a user name that begins with # reads as a comment");
  if (trim(user).size() != user.size()) return refused("a blank at the end of the user name");
  return {};
}

bool set_user(std::string& text, std::string_view user, std::string_view hash) {
  std::string out;
  bool replaced = false;
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = take_line(rest);
    if (user_of(line) != user) {
      out += line;
    } else if (!replaced) {
      out += with_hash(line, hash);
      replaced = true;
    }
  }
  if (!replaced) {
    if (!out.empty() && out.back() != '\n') out += '\n';
    out.append(user).append(":").append(hash).append("\n");
  }
  text = std::move(out);
  return replaced;
}

bool remove_user(std::string& text, std::string_view user) {
  std::string out;
  bool removed = false;
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = take_line(rest);
    if (user_of(line) == user) {
      removed = true;
    } else {
      out += line;
    }
  }
  text = std::move(out);
  return removed;
}

Result<std::string> read_htpasswd_text(const std::filesystem::path& file) {
  auto open = open_regular(file);
  if (open) return read_all(open->fd.get());
  std::error_code error;
  if (!std::filesystem::exists(file, error) && !error) return std::string();
  return failure(std::move(open).error());
}

Result<> write_htpasswd_text(const std::filesystem::path& file, std::string_view text) {
  std::error_code error;
  const auto target = std::filesystem::weakly_canonical(std::filesystem::absolute(file), error);
  if (error) return failure(system_error(error.value(), "find the password file", file.string()));
  std::string fresh = target.string() + ".XXXXXX";
  const UniqueFd fd(::mkostemp(fresh.data(), O_CLOEXEC));
  if (!fd) return failure(system_error(errno, "write beside the password file", fresh));
  if (auto done = fill_and_rename(fd.get(), fresh, target, text); !done) {
    ::unlink(fresh.c_str());
    return done;
  }
  return sync_folder(target.parent_path());
}

}  // namespace moorgate::auth
