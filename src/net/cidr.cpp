#include "net/cidr.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "base/text.hpp"

namespace moorgate::net {
namespace {

constexpr unsigned kMappedBits = 96;
constexpr unsigned kWidestV4 = 8;
constexpr unsigned kWidestV6 = 7;

Error bad_network(std::string_view text, std::string_view why) {
  return {Code::bad_request, quoted(text) + " is no network: " + std::string(why) +
                                 "; expected 10.0.0.0/8, fd00::/8, a single address or unix:"};
}

bool same_prefix(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                 unsigned bits) noexcept {
  const std::size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
    return false;
  }
  const unsigned rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

/// Clears the bits behind the prefix; true if one of them was set.
bool mask(std::span<std::uint8_t> bytes, unsigned bits) noexcept {
  bool cleared = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned kept =
        bits > i * 8 ? std::min<unsigned>(8, bits - static_cast<unsigned>(i) * 8) : 0;
    const auto wanted = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> kept));
    cleared = cleared || wanted != bytes[i];
    bytes[i] = wanted;
  }
  return cleared;
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
  Network network;
  if (text == "unix:") {
    network.family_ = AF_UNIX;
    return network;
  }
  const std::size_t slash = text.find('/');
  const auto address = Address::from_ip(text.substr(0, slash));
  if (!address) return failure(bad_network(text, "it does not begin with an IP address"));
  const auto ip = address->ip();
  network.family_ = ip.size() == 4 ? AF_INET : AF_INET6;
  const auto width = static_cast<unsigned>(ip.size()) * 8;
  network.prefix_ = width;
  if (slash != std::string_view::npos) {
    // Of the form as written: ::ffff:10.0.0.0/104 is 10.0.0.0/8.
    const unsigned skipped =
        address->family() == AF_INET6 && network.family_ == AF_INET ? kMappedBits : 0;
    const auto bits = parse_decimal<unsigned>(text.substr(slash + 1));
    if (!bits || *bits > width + skipped || *bits < skipped) {
      return failure(bad_network(text, "the prefix length does not fit the address"));
    }
    network.prefix_ = *bits - skipped;
  }
  std::ranges::copy(ip, network.bytes_.begin());
  if (mask(std::span(network.bytes_).first(ip.size()), network.prefix_)) {
    return failure(bad_network(
        text, "bits behind the prefix are set (perhaps you mean " + network.text() + ")"));
  }
  return network;
}

bool Network::contains(const Address& address) const noexcept {
  if (is_unix()) return address.is_unix();
  const auto ip = address.ip();
  if (ip.empty() || (ip.size() == 4) != (family_ == AF_INET)) return false;
  return same_prefix(ip, bytes_, prefix_);
}

bool Network::is_internet_wide() const noexcept {
  return (family_ == AF_INET && prefix_ < kWidestV4) ||
         (family_ == AF_INET6 && prefix_ < kWidestV6);
}

bool Network::has_loopback() const noexcept {
  if (is_unix()) return false;
  const auto loopback = *Address::from_ip(family_ == AF_INET ? "127.0.0.1" : "::1");
  // All of 127.0.0.0/8 is loopback: a part of it is enough.
  const unsigned bits = family_ == AF_INET ? std::min(prefix_, 8U) : prefix_;
  return same_prefix(loopback.ip(), bytes_, bits);
}

std::string Network::text() const {
  if (is_unix()) return "unix:";
  const std::size_t size = family_ == AF_INET ? 4 : 16;
  const auto address = Address::from_bytes(std::span(bytes_).first(size), 0);
  return address.host() + "/" + std::to_string(prefix_);
}

bool any_contains(const std::vector<Network>& networks, const Address& address) noexcept {
  return std::ranges::any_of(
      networks, [&address](const Network& network) { return network.contains(address); });
}

}  // namespace moorgate::net
