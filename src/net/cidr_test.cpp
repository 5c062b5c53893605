#include "net/cidr.hpp"

#include <gtest/gtest.h>

namespace moorgate::net {
namespace {

Address ip(std::string_view text) {
  return Address::from_ip(text).value();
}

TEST(Network, ContainsWhatItsPrefixSays) {
  struct Case {
    std::string_view network;
    std::string_view address;
    bool inside;
  };
  for (const auto& [network, address, inside] : {
           Case{"10.0.0.0/8", "10.255.0.1", true},
           Case{"10.0.0.0/8", "11.0.0.0", false},
           Case{"10.0.0.0/8", "::ffff:10.1.2.3", true},
           Case{"::ffff:10.0.0.0/104", "10.1.2.3", true},
           Case{"192.0.2.7", "192.0.2.7", true},
           Case{"192.0.2.7", "192.0.2.6", false},
           Case{"192.0.2.128/25", "192.0.2.127", false},
           Case{"192.0.2.128/25", "192.0.2.129", true},
           Case{"0.0.0.0/0", "203.0.113.9", true},
           Case{"0.0.0.0/0", "2001:db8::1", false},
           Case{"::/0", "2001:db8::1", true},
           Case{"::/0", "203.0.113.9", false},
           Case{"::/0", "::ffff:203.0.113.9", false},
           Case{"2001:db8::/33", "2001:db8:7fff::1", true},
           Case{"2001:db8::/33", "2001:db8:8000::1", false},
           Case{"::1", "::1", true},
           Case{"unix:", "127.0.0.1", false},
       }) {
    const auto parsed = Network::parse(network);
    ASSERT_TRUE(parsed) << network;
    EXPECT_EQ(parsed->contains(ip(address)), inside) << network << " " << address;
  }
}

TEST(Network, OnlyUnixContainsUnixSocketsAndNothingContainsTheUnknown) {
  const Address socket = *Address::parse("unix:/run/a.sock");
  EXPECT_TRUE(Network::parse("unix:")->contains(socket));
  for (const char* network : {"0.0.0.0/0", "::/0"}) {
    EXPECT_FALSE(Network::parse(network)->contains(socket));
    EXPECT_FALSE(Network::parse(network)->contains(Address()));
  }
  EXPECT_FALSE(Network::parse("unix:")->contains(Address()));
}

TEST(Network, RefusesWhatIsNone) {
  using namespace std::string_view_literals;
  for (const auto text :
       {""sv, "10.0.0.0/33"sv, "10.0.0.0/"sv, "10.0.0.0/-1"sv, "10.0.0.0/8/8"sv, "10.0.0/8"sv,
        "010.0.0.0/8"sv, "localhost"sv, "2001:db8::/129"sv, "::ffff:10.0.0.0/95"sv, "[::1]/128"sv,
        "unix:/run/a.sock"sv, "10.0.0.0 /8"sv, "127.0.0.1\0.evil"sv, "fe80::1%eth0"sv}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
  const auto odd = Network::parse("10.1.2.3/8");
  ASSERT_FALSE(odd);
  EXPECT_NE(odd.error().message.find("10.0.0.0/8"), std::string::npos) << odd.error().message;
}

TEST(Network, KnowsWhatIsTooWideAndWhatHoldsLoopback) {
  struct Case {
    std::string_view network;
    bool wide;
    bool loopback;
  };
  for (const auto& [network, wide, loopback] : {
           Case{"0.0.0.0/0", true, true},
           Case{"0.0.0.0/1", true, true},
           Case{"128.0.0.0/1", true, false},
           Case{"::ffff:0.0.0.0/96", true, true},
           Case{"126.0.0.0/7", true, true},
           Case{"10.0.0.0/8", false, false},
           Case{"127.0.0.0/8", false, true},
           Case{"127.9.0.0/16", false, true},
           Case{"127.0.0.1", false, true},
           Case{"::/0", true, true},
           Case{"2000::/3", true, false},
           Case{"fc00::/7", false, false},
           Case{"::1", false, true},
           Case{"unix:", false, false},
       }) {
    const auto parsed = Network::parse(network);
    ASSERT_TRUE(parsed) << network;
    EXPECT_EQ(parsed->is_internet_wide(), wide) << network;
    EXPECT_EQ(parsed->has_loopback(), loopback) << network;
  }
}

TEST(Network, PrintsWhatItReads) {
  EXPECT_EQ(Network::parse("192.0.2.7")->text(), "192.0.2.7/32");
  EXPECT_EQ(Network::parse("fd00::/8")->text(), "fd00::/8");
  EXPECT_EQ(Network::parse("::ffff:10.0.0.0/104")->text(), "10.0.0.0/8");
  EXPECT_EQ(Network::parse("unix:")->text(), "unix:");
}

}  // namespace
}  // namespace moorgate::net
