#include "api/error_body.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>

#include "base/utf8.hpp"

namespace moorgate::api {
namespace {

/// Stands in a JSON string as it is; names of repositories and tags and most messages do.
bool is_plain(std::string_view text) noexcept {
  return std::ranges::all_of(text,
                             [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

}  // namespace

WireError wire_error(Code code) noexcept {
  switch (code) {
    case Code::blob_unknown:
      return {"BLOB_UNKNOWN", 404};
    case Code::blob_upload_invalid:
      return {"BLOB_UPLOAD_INVALID", 400};
    case Code::blob_upload_unknown:
      return {"BLOB_UPLOAD_UNKNOWN", 404};
    case Code::digest_invalid:
      return {"DIGEST_INVALID", 400};
    case Code::manifest_blob_unknown:
      return {"MANIFEST_BLOB_UNKNOWN", 400};
    case Code::manifest_invalid:
      return {"MANIFEST_INVALID", 400};
    case Code::manifest_unknown:
      return {"MANIFEST_UNKNOWN", 404};
    case Code::manifest_too_large:
      return {"SIZE_INVALID", 413};
    case Code::name_invalid:
      return {"NAME_INVALID", 400};
    case Code::name_unknown:
      return {"NAME_UNKNOWN", 404};
    case Code::size_invalid:
      return {"SIZE_INVALID", 400};
    case Code::tag_invalid:
      return {"TAG_INVALID", 400};
    case Code::unauthorized:
      return {"UNAUTHORIZED", 401};
    case Code::denied:
      return {"DENIED", 403};
    case Code::unsupported:
      return {"UNSUPPORTED", 405};
    case Code::too_many_requests:
      return {"TOOMANYREQUESTS", 429};
    case Code::range_invalid:
      return {"RANGE_INVALID", 416};
    case Code::pagination_number_invalid:
      return {"PAGINATION_NUMBER_INVALID", 400};
    case Code::precondition_failed:
      return {"PRECONDITION_FAILED", 412};
    case Code::bad_request:
      return {"UNSUPPORTED", 400};
    case Code::insufficient_storage:
      return {"UNAVAILABLE", 507};
    case Code::unavailable:
      return {"UNAVAILABLE", 503};
    case Code::end_of_stream:
    case Code::timeout:
    case Code::internal:
      break;
  }
  return {"UNKNOWN", 500};
}

std::string json_string(std::string_view text) {
  if (is_plain(text)) {
    std::string quoted;
    quoted.reserve(text.size() + 2);
    return quoted.append(1, '"').append(text).append(1, '"');
  }
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    valid += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return boost::json::serialize(boost::json::string_view(valid));
}

std::string render_error(std::string_view code, std::string_view message) {
  std::string body;
  body.reserve(message.size() + 96);
  body += R"({"errors":[{"code":)";
  body += json_string(code);
  body += R"(,"message":)";
  body += json_string(message);
  body += R"(,"detail":null}]})";
  body += '\n';
  return body;
}

}  // namespace moorgate::api
