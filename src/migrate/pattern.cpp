#include "migrate/pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <memory>

namespace moorgate::migrate {
namespace {

constexpr std::size_t kMaxPattern = 4096;
constexpr std::uint32_t kMatchLimit = 100'000;
constexpr std::uint32_t kDepthLimit = 1000;
constexpr std::uint32_t kHeapLimitKib = 1024;

struct FreeCompile {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};
struct FreeMatch {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

}  // namespace

struct Pattern::Code {
  explicit Code(pcre2_code* from) : code(from) {}
  ~Code() { pcre2_code_free(code); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;

  pcre2_code* code;
};

std::optional<Pattern> Pattern::compile(const std::string& text, Case letter_case) {
  if (text.size() > kMaxPattern) return std::nullopt;
  const std::unique_ptr<pcre2_compile_context, FreeCompile> context(
      pcre2_compile_context_create(nullptr));
  pcre2_set_parens_nest_limit(context.get(), 64);
  int error = 0;
  PCRE2_SIZE offset = 0;
  // Callouts and \C are nothing nginx has a use for; the latter breaks matching in UTF.
  const std::uint32_t options =
      PCRE2_NEVER_BACKSLASH_C | (letter_case == Case::ignored ? PCRE2_CASELESS : 0U);
  auto* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), options,
                             &error, &offset, context.get());
  if (code == nullptr) return std::nullopt;
  return Pattern(std::make_shared<const Code>(code));
}

std::optional<Pattern::Match> Pattern::match(std::string_view text) const {
  const std::unique_ptr<pcre2_match_context, FreeMatch> context(
      pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), kMatchLimit);
  pcre2_set_depth_limit(context.get(), kDepthLimit);
  pcre2_set_heap_limit(context.get(), kHeapLimitKib);
  const std::unique_ptr<pcre2_match_data, FreeData> data(
      pcre2_match_data_create_from_pattern(code_->code, nullptr));
  const int count = pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                0, 0, data.get(), context.get());
  if (count == PCRE2_ERROR_NOMATCH) return Match{};
  if (count < 0) return std::nullopt;
  Match match{.found = true};
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data.get());
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const PCRE2_SIZE begin = range[2 * i];
    const PCRE2_SIZE end = range[2 * i + 1];
    const bool set = begin != PCRE2_UNSET && begin <= end;
    match.groups.emplace_back(set ? text.substr(begin, end - begin) : std::string_view());
  }
  return match;
}

}  // namespace moorgate::migrate
