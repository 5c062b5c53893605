#pragma once

#include <cstddef>
#include <string>

namespace moorgate::crypto {

/// From the operating system's generator; throws only where it has none.
std::string random_bytes(std::size_t count);

/// A version 4 UUID in lower case (RFC 9562).
std::string random_uuid();

/// 20 letters and digits that are not mistaken for one another: about 115 bits.
std::string random_password();

}  // namespace moorgate::crypto
