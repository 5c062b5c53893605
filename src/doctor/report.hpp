#pragma once

#include <string>

#include "doctor/visit.hpp"

namespace moorgate::doctor {

/// For people: each finding once, with all that was seen of it, what it breaks and the lines.
std::string render_text(const Order& order, const Report& report);

/// For scripts: {"url", "findings": [{"name", "hole", "title", "evidence": […], "breaks",
/// "lines": {"nginx": …}}], "notes": […]}.
std::string render_json(const Order& order, const Report& report);

}  // namespace moorgate::doctor
