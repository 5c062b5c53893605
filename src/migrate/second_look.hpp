#pragma once

#include <string>
#include <vector>

#include "migrate/probes.hpp"
#include "migrate/rights.hpp"

namespace moorgate::migrate {

/// Rights are found by a few examples of each class of repositories that could be made out, and
/// rules know neither tags nor host names. So the rules are compared with what the gate says to
/// all of `probes`, and to some of them in all other views of the question: each difference is
/// reported, and so is a registry that is not the one of the other requests.
void look_again(const Question& question, const Rights& rights, const std::vector<Probe>& probes,
                PasswordFiles& files, const Plan& plan, Report& report);

}  // namespace moorgate::migrate
