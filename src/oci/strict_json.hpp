#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/error.hpp"

namespace moorgate::oci {

/// RFC 8259 JSON as a value, for what two readers must never understand differently: valid UTF-8,
/// at most `max_depth` deep, no member name twice in an object, nothing after the value.
/// manifest_invalid with the place otherwise; `what` names the document in the message.
/// Private to this folder's sources.
Result<boost::json::value> parse_strict_json(std::string_view text, std::size_t max_depth,
                                             std::string_view what);

}  // namespace moorgate::oci
