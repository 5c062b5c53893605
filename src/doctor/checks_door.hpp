#pragma once

#include "doctor/finding.hpp"
#include "doctor/http_probe.hpp"

/// Pure functions from answers to findings: what is wrong with the door itself.
namespace moorgate::doctor {

/// `verified`: the first answer with certificates checked; `trusting`: the same without.
Findings check_certificate(const Url& door, const Answer& verified, const Answer& trusting);

/// Of GET /v2/ without a password. Nothing more can be asked where `is_registry` is false.
Findings check_base(const Url& door, const Answer& answer);
bool is_registry(const Answer& answer);

/// Of GET http://<host>/v2/ beside an https door.
Findings check_plain_door(const Url& plain, const Answer& answer);

/// Of GET /v2/ with a password or token.
Findings check_signed_in(const Answer& answer);

/// The answer comes from a registry's own code: an OCI error body or the API's version header.
bool speaks_registry(const Answer& answer);

}  // namespace moorgate::doctor
