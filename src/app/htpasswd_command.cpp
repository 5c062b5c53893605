#include "app/htpasswd_command.hpp"

#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <utility>

#include "auth/htpasswd_file.hpp"
#include "base/secret.hpp"

namespace moorgate::app {
namespace {

int complain(const Error& error) {
  std::cerr << "moorgate: " << error.message;
  if (!error.detail.empty()) std::cerr << " (" << error.detail << ')';
  std::cerr << '\n';
  return 1;
}

std::string read_line() {
  std::string line;
  std::getline(std::cin, line);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

/// Types nothing back while it lives.
class SilentTerminal {
 public:
  SilentTerminal() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~SilentTerminal() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

 private:
  termios before_{};
};

Secret ask(const char* prompt) {
  std::cerr << prompt << std::flush;
  Secret answer(read_line());
  std::cerr << '\n';
  return answer;
}

Result<Secret> wanted_password(const HtpasswdArguments& arguments) {
  if (arguments.password) return Secret(*arguments.password);
  if (arguments.from_stdin) return Secret(read_line());
  if (::isatty(STDIN_FILENO) != 1) {
    return failure(Code::bad_request,
                   "no terminal to ask for the password; use -i to read it from standard input");
  }
  const SilentTerminal silent;
  Secret first = ask("New password: ");
  const Secret second = ask("Once more: ");
  if (first.reveal() != second.reveal()) {
    return failure(Code::bad_request, "the two passwords differ; nothing was changed");
  }
  return first;
}

/// The file's new text; tells the person what it did.
Result<std::string> edited(const HtpasswdArguments& arguments, std::string text) {
  if (arguments.remove) {
    if (!auth::remove_user(text, arguments.user)) {
      return failure(Code::bad_request, "there is no user " + arguments.user + " in " +
                                            arguments.file.string() + "; nothing was changed");
    }
    return text;
  }
  auto password = wanted_password(arguments);
  if (!password) return failure(std::move(password).error());
  auto hash = auth::make_bcrypt(password->reveal(), arguments.cost);
  if (!hash) return failure(std::move(hash).error());
  auth::set_user(text, arguments.user, *hash);
  return text;
}

}  // namespace

int htpasswd_command(const HtpasswdArguments& arguments) {
  if (auto name = auth::check_user_name(arguments.user); !name) return complain(name.error());
  auto text = auth::read_htpasswd_text(arguments.file);
  if (!text) return complain(text.error());
  auto fresh = edited(arguments, *text);
  if (!fresh) return complain(fresh.error());
  if (auto written = auth::write_htpasswd_text(arguments.file, *fresh); !written) {
    return complain(written.error());
  }
  std::cerr << (arguments.remove ? "removed user " : "set the password of user ") << arguments.user
            << " in " << arguments.file.string() << '\n';
  return 0;
}

}  // namespace moorgate::app
