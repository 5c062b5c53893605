#include "migrate/nginx_config.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/text.hpp"
#include "migrate/nginx_lexer.hpp"

namespace moorgate::migrate {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 256;
constexpr std::size_t kMaxDirectives = 100'000;
constexpr int kMaxBlocks = 32;
constexpr std::size_t kMaxIncludes = 16;

/// Files that come with nginx and that a copy of somebody's configuration often lacks.
bool says_nothing_of_rights(const fs::path& file) {
  static constexpr std::array<std::string_view, 5> kNames = {
      "mime.types", "fastcgi_params", "fastcgi.conf", "uwsgi_params", "scgi_params"};
  return std::ranges::find(kNames, file.filename().string()) != kNames.end();
}

class ConfigReader {
 public:
  ConfigReader(Files& files, fs::path prefix) : files_(files), prefix_(std::move(prefix)) {}

  void read_file(const fs::path& file, const Place& from, std::vector<Directive>& into, int depth) {
    const bool main = open_.empty();
    if (std::ranges::find(open_, file) != open_.end()) {
      return complain(from, file.string() + " includes itself");
    }
    if (open_.size() >= kMaxIncludes) return complain(from, "includes nested too deep");
    if (++file_count_ > kMaxFiles) return complain(from, "too many files are included");
    auto text = files_.read(file, kMaxNginxFile);
    if (!text && !main && says_nothing_of_rights(file)) return;
    if (!text) {
      return complain(
          main ? Place{file.string(), 0} : from,
          (main ? "" : file.string() + " ") + std::string("cannot be read: ") +
              (text.error().detail.empty() ? text.error().message : text.error().detail));
    }
    auto tokens = lex_nginx(*text, shown(file));
    if (!tokens) {
      problems.push_back(std::move(tokens).error());
      return;
    }
    open_.push_back(file);
    std::span<const Token> rest = *tokens;
    read_block(rest, into, depth);
    if (!rest.empty()) complain({shown(file), rest.front().line}, "a } without a {");
    open_.pop_back();
  }

  std::vector<config::Problem> problems;

 private:
  /// As messages name a file: below the prefix without it.
  std::string shown(const fs::path& file) const {
    const std::string inside = file.lexically_relative(prefix_).string();
    return inside.empty() || inside.starts_with("..") ? file.string() : inside;
  }

  void complain(const Place& place, std::string message) {
    problems.push_back({place.file, place.line, "", std::move(message)});
  }

  /// Leaves `rest` at the block's }, or empty.
  void read_block(std::span<const Token>& rest, std::vector<Directive>& into, int depth) {
    while (!rest.empty() && rest.front().kind != Token::Kind::close) {
      Directive directive = read_words(rest);
      const Token end = rest.front();
      rest = rest.subspan(1);
      if (++directive_count_ > kMaxDirectives) {
        if (directive_count_ == kMaxDirectives + 1)
          complain(directive.place, "too many directives");
        rest = {};
        return;
      }
      if (end.kind == Token::Kind::open && !read_children(rest, directive, depth)) return;
      if (directive.name == "include" && !directive.block) {
        include(directive, into, depth);
      } else {
        into.push_back(std::move(directive));
      }
    }
  }

  Directive read_words(std::span<const Token>& rest) const {
    Directive directive;
    directive.place = {shown(open_.back()), rest.front().line};
    directive.name = rest.front().text;
    // The lexer vouches for a `;` or `{` after the words.
    for (rest = rest.subspan(1); rest.front().kind == Token::Kind::word; rest = rest.subspan(1)) {
      directive.args.push_back(rest.front().text);
    }
    return directive;
  }

  bool read_children(std::span<const Token>& rest, Directive& directive, int depth) {
    directive.block = true;
    if (depth >= kMaxBlocks) {
      complain(directive.place, "blocks nested too deep");
      rest = {};
      return false;
    }
    read_block(rest, directive.children, depth + 1);
    if (rest.empty()) {
      complain(directive.place, "the block does not end; a } is missing");
      return false;
    }
    rest = rest.subspan(1);
    return true;
  }

  void include(const Directive& directive, std::vector<Directive>& into, int depth) {
    if (directive.args.size() != 1) return complain(directive.place, "include wants one file");
    const std::string pattern = (prefix_ / directive.args[0]).lexically_normal().string();
    if (pattern.find_first_of("*?[") == std::string::npos) {
      return read_file(pattern, directive.place, into, depth);
    }
    for (const auto& file : files_.glob(pattern)) read_file(file, directive.place, into, depth);
  }

  Files& files_;
  const fs::path prefix_;
  std::vector<fs::path> open_;
  std::size_t file_count_ = 0;
  std::size_t directive_count_ = 0;
};

}  // namespace

const Directive* Directive::child(std::string_view wanted) const {
  const auto found = std::ranges::find(children, wanted, &Directive::name);
  return found == children.end() ? nullptr : &*found;
}

std::string to_string(const Directive& directive) {
  std::string text = directive.name;
  for (const auto& arg : directive.args) text += " " + arg;
  const std::string shown = quoted(text, 100);
  return shown.size() >= 2 ? shown.substr(1, shown.size() - 2) : shown;
}

NginxConfig read_nginx(Files& files, const fs::path& main) {
  NginxConfig config;
  ConfigReader reader(files, main.parent_path());
  reader.read_file(main, {}, config.directives, 0);
  config.problems = std::move(reader.problems);
  return config;
}

}  // namespace moorgate::migrate
