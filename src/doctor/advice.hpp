#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "doctor/finding.hpp"

namespace moorgate::doctor {

enum class Product : std::uint8_t { nginx, elb, traefik, haproxy };
inline constexpr std::array kProducts = {Product::nginx, Product::elb, Product::traefik,
                                         Product::haproxy};

std::string_view name_of(Product product) noexcept;

/// What is known about an ailment, whoever has it.
struct Advice {
  std::string_view name;    ///< stable, for scripts: "body-limit"
  bool hole;                ///< lets somebody in, or a password out
  std::string_view title;   ///< what is wrong, in half a sentence
  std::string_view breaks;  ///< which client, and what it says
  /// The line to change, by Product. "" where that product cannot have it.
  std::array<std::string_view, kProducts.size()> lines;
};

const Advice& advice_for(Ailment ailment) noexcept;

}  // namespace moorgate::doctor
