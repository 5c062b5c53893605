// The hand-written scanners for names and tags against the specification's regular expressions.
#include <cstdint>
#include <cstdlib>
#include <regex>
#include <string>
#include <string_view>

#include "oci/name.hpp"

namespace {

using namespace moorgate::oci;
using moorgate::Code;

// Beyond every limit of the grammar, and short enough for std::regex, which recurses.
constexpr std::size_t kLongest = 300;

void require(bool holds) {
  if (!holds) std::abort();
}

bool matches(std::string_view text, const std::regex& expression) {
  return std::regex_match(text.begin(), text.end(), expression);
}

bool spec_allows_name(std::string_view text) {
  static const std::regex kName(
      "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*",
      std::regex::nosubs | std::regex::optimize);
  return text.size() <= 255 && matches(text, kName);
}

bool spec_allows_tag(std::string_view text) {
  static const std::regex kTag("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}",
                               std::regex::nosubs | std::regex::optimize);
  return matches(text, kTag);
}

void check_reference(std::string_view text) {
  const auto reference = Reference::parse(text);
  if (!reference) {
    const Code code = reference.error().code;
    require(code == (text.contains(':') ? Code::digest_invalid : Code::tag_invalid));
    require(!reference.error().message.empty());
    return;
  }
  require((reference->tag() == nullptr) != (reference->digest() == nullptr));
  require((reference->digest() != nullptr) == text.contains(':'));
  require(reference->text() == text);
  if (reference->digest() != nullptr) {
    require(Tag::parse(fallback_tag(*reference->digest()).text()).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text =
      std::string_view(reinterpret_cast<const char*>(data), size).substr(0, kLongest);
  const auto name = RepositoryName::parse(text);
  require(name.has_value() == spec_allows_name(text));
  require(!name || name->text() == text);
  const auto tag = Tag::parse(text);
  require(tag.has_value() == spec_allows_tag(text));
  require(!tag || tag->text() == text);
  check_reference(text);
  return 0;
}
