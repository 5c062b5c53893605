#include "oci/name.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace moorgate::oci {
namespace {

constexpr std::size_t kNameLimit = 255;
constexpr std::size_t kTagLimit = 128;

bool is_lower_alnum(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_word(char c) noexcept {
  return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Length of the separator at the start of `text`: ".", "_", "__" or dashes; 0 if there is none.
std::size_t separator_length(std::string_view text) noexcept {
  if (text.starts_with("__")) return 2;
  if (text.starts_with('.') || text.starts_with('_')) return 1;
  return std::min(text.find_first_not_of('-'), text.size());
}

/// [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*
bool is_component(std::string_view text) noexcept {
  while (true) {
    const auto* const word_end = std::ranges::find_if_not(text, is_lower_alnum);
    if (word_end == text.begin()) return false;
    text.remove_prefix(static_cast<std::size_t>(word_end - text.begin()));
    if (text.empty()) return true;
    const std::size_t separator = separator_length(text);
    if (separator == 0) return false;
    text.remove_prefix(separator);
  }
}

}  // namespace

Result<RepositoryName> RepositoryName::parse(std::string_view text) {
  if (text.size() > kNameLimit) {
    return failure(Code::name_invalid,
                   "repository name " + quoted(text, 40) + " is longer than 255 characters");
  }
  std::string_view rest = text;
  while (true) {
    const std::size_t slash = rest.find('/');
    if (!is_component(rest.substr(0, slash))) {
      return failure(Code::name_invalid,
                     "repository name " + quoted(text) +
                         " is not valid: each part between slashes is lower-case letters and "
                         "digits, joined by a dot, one or two underscores, or dashes");
    }
    if (slash == std::string_view::npos) return RepositoryName(std::string(text));
    rest.remove_prefix(slash + 1);
  }
}

Result<Tag> Tag::parse(std::string_view text) {
  const auto allowed = [](char c) { return is_word(c) || c == '.' || c == '-'; };
  if (text.empty() || text.size() > kTagLimit || !is_word(text.front()) ||
      !std::ranges::all_of(text, allowed)) {
    return failure(Code::tag_invalid,
                   "tag " + quoted(text, kTagLimit) +
                       " is not valid: up to 128 letters, digits, underscores, dots and dashes, "
                       "the first neither a dot nor a dash");
  }
  return Tag(std::string(text));
}

Result<Reference> Reference::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    auto digest = Digest::parse(text);
    if (!digest) return failure(std::move(digest).error());
    return Reference(std::move(*digest));
  }
  auto tag = Tag::parse(text);
  if (!tag) return failure(std::move(tag).error());
  return Reference(std::move(*tag));
}

const std::string& Reference::text() const noexcept {
  const Tag* const as_tag = tag();
  return as_tag != nullptr ? as_tag->text() : digest()->text();
}

Tag fallback_tag(const Digest& subject) {
  // The spec cuts the encoded part at 64 characters, which only sha512 exceeds.
  std::string text(to_string(subject.algorithm()));
  text.append("-").append(subject.hex().substr(0, 64));
  return *Tag::parse(text);
}

}  // namespace moorgate::oci
