#include "oci/strict_json.hpp"

#include <cstdint>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

namespace moorgate::oci {
namespace {

namespace json = boost::json;
using ErrorCode = json::error_code;

/// Builds the value and counts the members seen. Boost's own parser silently keeps the last of
/// two members with one name; comparing this count with what the value holds finds that in
/// linear time and without a second set of names.
class Builder {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value release() { return stack_.release(); }
  std::size_t members_seen() const noexcept { return members_seen_; }

  bool on_document_begin(ErrorCode&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(ErrorCode&) { return true; }
  bool on_object_begin(ErrorCode&) { return true; }
  bool on_object_end(std::size_t count, ErrorCode&) {
    members_seen_ += count;
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(ErrorCode&) { return true; }
  bool on_array_end(std::size_t count, ErrorCode&) {
    stack_.push_array(count);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, ErrorCode&) { return chars(part); }
  bool on_key(json::string_view rest, std::size_t, ErrorCode&) {
    stack_.push_key(rest);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, ErrorCode&) { return chars(part); }
  bool on_string(json::string_view rest, std::size_t, ErrorCode&) {
    stack_.push_string(rest);
    return true;
  }
  bool on_number_part(json::string_view, ErrorCode&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, ErrorCode&) {
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, ErrorCode&) {
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view, ErrorCode&) {
    stack_.push_double(number);
    return true;
  }
  bool on_bool(bool flag, ErrorCode&) {
    stack_.push_bool(flag);
    return true;
  }
  bool on_null(ErrorCode&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, ErrorCode&) { return true; }
  bool on_comment(json::string_view, ErrorCode&) { return true; }

 private:
  bool chars(json::string_view part) {
    stack_.push_chars(part);
    return true;
  }

  json::value_stack stack_;
  std::size_t members_seen_ = 0;
};

/// Recursion is bounded by the depth the parser allowed.
std::size_t members_held(const json::value& value) {
  std::size_t count = 0;
  if (const auto* const object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += members_held(member.value());
  } else if (const auto* const array = value.if_array()) {
    for (const auto& element : *array) count += members_held(element);
  }
  return count;
}

std::string explain(const ErrorCode& error) {
  if (error == json::error::too_deep) return "it is nested too deeply";
  if (error == json::error::extra_data) return "something follows its end";
  return error.message();
}

}  // namespace

Result<json::value> parse_strict_json(std::string_view text, std::size_t max_depth,
                                      std::string_view what) {
  json::parse_options options;
  options.max_depth = max_depth;
  json::basic_parser<Builder> parser(options);
  ErrorCode error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used != text.size()) error = json::error::extra_data;
  if (error) {
    return failure(Code::manifest_invalid, std::string("the ")
                                               .append(what)
                                               .append(" is not valid JSON: ")
                                               .append(explain(error))
                                               .append(" (near byte ")
                                               .append(std::to_string(used))
                                               .append(")"));
  }
  const std::size_t seen = parser.handler().members_seen();
  json::value value = parser.handler().release();
  if (members_held(value) != seen) {
    return failure(Code::manifest_invalid,
                   std::string("the ").append(what).append(" has a JSON object that holds the "
                                                           "same member name twice"));
  }
  return value;
}

}  // namespace moorgate::oci
