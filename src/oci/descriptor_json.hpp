#pragma once

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "oci/manifest.hpp"

/// Members of a manifest's JSON as typed values; manifest_invalid names the member. Members that
/// are absent and members that are null are the same: writers in Go print empty lists as null.
/// Private to this folder's sources.
namespace moorgate::oci {

std::unexpected<Error> invalid(std::string message);
/// `where` is the path of the object that has the member `name`, empty at the top.
std::unexpected<Error> wrong_type(std::string_view where, std::string_view name,
                                  std::string_view wanted);

/// Null when absent.
const boost::json::value* find(const boost::json::object& object, std::string_view name) noexcept;
/// Null when absent.
Result<const boost::json::array*> read_list(const boost::json::object& object,
                                            std::string_view where, std::string_view name);
/// Empty when absent.
Result<std::string> read_text(const boost::json::object& object, std::string_view where,
                              std::string_view name);
/// Empty when absent.
Result<Annotations> read_annotations(const boost::json::object& object, std::string_view where);
/// `digest` and `size` must be there.
Result<Descriptor> read_descriptor(const boost::json::object& object, std::string_view where);

boost::json::object to_json(const Descriptor& descriptor);

}  // namespace moorgate::oci
