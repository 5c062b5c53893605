#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moorgate::migrate {

/// Some of the texts that a regular expression matches, or nearly: what is worth trying out to see
/// what it is about. Every alternative and every kind of character is among them as long as there
/// are no more than `limit`. Looking ahead and back, references and the like count as nothing.
std::vector<std::string> samples_of(std::string_view regex, std::size_t limit);

}  // namespace moorgate::migrate
