#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "config/environment.hpp"
#include "config/problem.hpp"
#include "config/reference.hpp"

/// YAML and environment into typed values, without knowing any option by name:
///
///   struct TlsConfig { std::filesystem::path certificate; std::chrono::seconds reload{60}; };
///   TlsConfig parse_tls(const config::Reader& in) {
///     TlsConfig c;                                          // the defaults live in the struct
///     in.read("certificate", c.certificate, "PEM file with the chain");
///     in.read("reload", c.reload, "how often to look for a new one", {.min = 1s});
///     return c;
///   }
///   auto document = Document::load("moorgate.yml", process_environment());
///   auto tls = parse_tls(document.root().section("tls", "The certificate clients see"));
///   for (const Problem& p : document.problems()) std::cerr << p << '\n';
///
/// A parse function never stops at a mistake: the value keeps its default and the mistake waits in
/// Document::problems(). Declare every key on every path through the function, because a key nobody
/// asked for is reported as unknown and docs/config.md is made of what was declared.
namespace moorgate::config {

struct Node;
struct State;

template <class T>
struct Limits {
  std::optional<T> min = {};
  std::optional<T> max = {};
};

template <class E>
struct Choice {
  std::string_view name;
  E value;
};

/// A handle on one mapping of the document, cheap to copy, valid without the Document. One thread.
///
/// `read` returns whether the key was given and right; otherwise `into` stays as it was. The value
/// `into` has before the call is the default printed in the reference.
class Reader {
 public:
  bool read(std::string_view key, std::string& into, std::string_view doc) const;
  bool read(std::string_view key, bool& into, std::string_view doc) const;
  /// One value is accepted as a list of one.
  bool read(std::string_view key, std::vector<std::string>& into, std::string_view doc) const;
  /// A relative path is relative to the configuration file's folder.
  bool read(std::string_view key, std::filesystem::path& into, std::string_view doc) const;
  /// "file:PATH" and "env:NAME" are fetched now; any other text is the secret itself.
  bool read(std::string_view key, Secret& into, std::string_view doc) const;
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  bool read(std::string_view key, T& into, std::string_view doc,
            Limits<std::type_identity_t<T>> limits = {}) const;
  /// "500ms", "30s", "5m", "168h", "7d", "1h30m".
  template <class Rep, class Period>
  bool read(std::string_view key, std::chrono::duration<Rep, Period>& into, std::string_view doc,
            std::type_identity_t<Limits<std::chrono::duration<Rep, Period>>> limits = {}) const;
  /// "4MiB", "64KiB", "10GB", "512".
  bool read_size(std::string_view key, std::uint64_t& into, std::string_view doc,
                 Limits<std::uint64_t> limits = {}) const;
  template <class E>
  bool read_enum(std::string_view key, E& into, std::string_view doc,
                 std::initializer_list<Choice<std::type_identity_t<E>>> choices) const;
  /// Several of the choices; one value is accepted as a list of one.
  template <class E>
  bool read_enums(std::string_view key, std::vector<E>& into, std::string_view doc,
                  std::initializer_list<Choice<std::type_identity_t<E>>> choices) const;

  /// The mapping under `key`, or an empty Reader. With a `shorthand`, a plain value V stands for
  /// the mapping {shorthand: V}: `upstream: http://registry:5000`.
  Reader section(std::string_view key, std::string_view doc, std::string_view shorthand = {}) const;
  /// The mappings of the list under `key`; a single mapping is a list of one.
  std::vector<Reader> items(std::string_view key, std::string_view doc,
                            std::string_view shorthand = {}) const;
  /// The keys of a free-form mapping, such as the names of groups; read() each of them.
  /// `placeholder` stands for the name in the reference: "NAME".
  std::vector<std::string> keys(std::string_view placeholder) const;

  /// Given in the file or the environment. Always true while the reference is made, so that every
  /// branch is seen: write alternatives as independent ifs, not as else-chains.
  bool has(std::string_view key) const;
  /// Missing is a Problem.
  void require(std::string_view key) const;

  /// A mistake the caller found, reported at `key`'s line; an empty key means this mapping itself.
  void problem(std::string_view key, std::string message) const;
  /// At the element `index` of the list under `key`.
  void problem(std::string_view key, std::size_t index, std::string message) const;

  /// Of this mapping in the file; 0 if it is absent or not from a file.
  int line() const noexcept;
  /// "listen[0]"; empty at the root.
  const std::string& path() const noexcept { return path_; }

 private:
  friend class Document;
  using Milliseconds = std::chrono::milliseconds;
  enum class Several { no, yes };

  Reader() = default;
  Reader(std::shared_ptr<State> state, std::string path, const Node* node);

  /// What is given for `key`, or null; from here on the key is known.
  const Node* find(std::string_view key) const;
  /// The same where a single value is wanted; anything else is a Problem and null.
  const Node* find_text(std::string_view key) const;
  std::optional<std::vector<const Node*>> find_texts(std::string_view key) const;
  void record(std::string_view key, std::string type, std::string default_value,
              std::string_view doc, std::string limits = {}) const;
  void record_section(std::string_view key, std::string type, std::string_view doc,
                      std::string_view shorthand) const;
  bool complain(const Node* at, std::string_view key, std::string message) const;
  bool read_integer(std::string_view key, std::int64_t& into, std::string_view doc,
                    Limits<std::int64_t> limits, Limits<std::int64_t> of_type) const;
  bool read_duration(std::string_view key, Milliseconds& into, std::string_view doc,
                     Limits<Milliseconds> limits, Milliseconds unit) const;
  bool read_choices(std::string_view key, std::vector<std::size_t>& into, std::string_view doc,
                    const std::vector<std::string>& names, Several several) const;
  template <class E>
  bool read_choices_as(std::string_view key, std::vector<E>& into, std::string_view doc,
                       std::initializer_list<Choice<E>> choices, Several several) const;

  std::shared_ptr<State> state_;
  const Node* node_ = nullptr;  // owned by state_; null: the mapping is absent
  std::string path_;
};

/// One configuration file with the environment's overrides: MOORGATE_TLS_CERTIFICATE replaces
/// tls.certificate, MOORGATE_LISTEN_0_ADDRESS listen[0].address. Text is taken as it is, lists and
/// mappings are YAML, an empty variable counts as not set. A MOORGATE_ variable that replaces
/// nothing is a Problem; the caller first takes out those it means for itself.
class Document {
 public:
  static constexpr std::size_t kMaxBytes = 1 << 20;
  static constexpr int kMaxDepth = 64;

  /// An unreadable or malformed file yields a Document whose problems() say so, and nothing else.
  static Document load(const std::filesystem::path& file, Environment environment = {});
  static Document parse(std::string_view text, const std::filesystem::path& file,
                        Environment environment = {});
  /// Holds nothing and answers every question with a sample, to collect the reference.
  static Document for_reference();

  Reader root() const { return root_; }
  /// Everything wrong, in the order of the file. Call when all parse functions have run.
  std::vector<Problem> problems() const;
  /// What was declared, in the order of declaration; only filled by for_reference().
  const Reference& reference() const;

 private:
  Document();
  Reader root_;
};

template <std::integral T>
  requires(!std::same_as<T, bool>)
bool Reader::read(std::string_view key, T& into, std::string_view doc,
                  Limits<std::type_identity_t<T>> limits) const {
  using Wide = std::int64_t;
  using Type = std::numeric_limits<T>;
  const Limits<Wide> of_type{std::in_range<Wide>(Type::min()) ? Wide{Type::min()} : 0,
                             std::in_range<Wide>(Type::max()) ? static_cast<Wide>(Type::max())
                                                              : std::numeric_limits<Wide>::max()};
  Limits<Wide> wide;
  if (limits.min) wide.min = static_cast<Wide>(*limits.min);
  if (limits.max) wide.max = static_cast<Wide>(*limits.max);
  Wide value = std::in_range<Wide>(into) ? static_cast<Wide>(into) : *of_type.max;
  if (!read_integer(key, value, doc, wide, of_type)) return false;
  into = static_cast<T>(value);
  return true;
}

template <class Rep, class Period>
bool Reader::read(std::string_view key, std::chrono::duration<Rep, Period>& into,
                  std::string_view doc,
                  std::type_identity_t<Limits<std::chrono::duration<Rep, Period>>> limits) const {
  using Duration = std::chrono::duration<Rep, Period>;
  Limits<Milliseconds> wide;
  if (limits.min) wide.min = std::chrono::duration_cast<Milliseconds>(*limits.min);
  if (limits.max) wide.max = std::chrono::duration_cast<Milliseconds>(*limits.max);
  auto value = std::chrono::duration_cast<Milliseconds>(into);
  const auto unit = std::chrono::duration_cast<Milliseconds>(Duration(1));
  if (!read_duration(key, value, doc, wide, unit)) return false;
  into = std::chrono::duration_cast<Duration>(value);
  return true;
}

template <class E>
bool Reader::read_enum(std::string_view key, E& into, std::string_view doc,
                       std::initializer_list<Choice<std::type_identity_t<E>>> choices) const {
  std::vector<E> one{into};
  if (!read_choices_as(key, one, doc, choices, Several::no)) return false;
  into = one.front();
  return true;
}

template <class E>
bool Reader::read_enums(std::string_view key, std::vector<E>& into, std::string_view doc,
                        std::initializer_list<Choice<std::type_identity_t<E>>> choices) const {
  return read_choices_as(key, into, doc, choices, Several::yes);
}

template <class E>
bool Reader::read_choices_as(std::string_view key, std::vector<E>& into, std::string_view doc,
                             std::initializer_list<Choice<E>> choices, Several several) const {
  std::vector<std::string> names;
  std::vector<std::size_t> chosen;
  for (const auto& choice : choices) {
    for (const E& value : into) {
      if (value == choice.value) chosen.push_back(names.size());
    }
    names.emplace_back(choice.name);
  }
  if (!read_choices(key, chosen, doc, names, several)) return false;
  into.clear();
  for (const std::size_t index : chosen) into.push_back(choices.begin()[index].value);
  return true;
}

}  // namespace moorgate::config
