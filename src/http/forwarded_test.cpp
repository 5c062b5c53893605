#include "http/forwarded.hpp"

#include <gtest/gtest.h>

namespace moorgate::http {
namespace {

/// "source scheme host" of each element.
std::string summary(std::string_view value) {
  const auto elements = parse_forwarded(value);
  if (!elements) return "error";
  std::string out;
  for (const auto& element : *elements) {
    if (!out.empty()) out += " | ";
    out +=
        (element.source ? element.source->text : "-") + " " + element.scheme + " " + element.host;
  }
  return out;
}

TEST(Forwarded, ReadsWhatTheRfcAllows) {
  struct Case {
    std::string_view value;
    std::string_view expected;
  };
  for (const auto& [value, expected] : {
           Case{"for=192.0.2.60", "192.0.2.60  "},
           Case{"For=192.0.2.60;PROTO=http;by=203.0.113.43", "192.0.2.60 http "},
           Case{R"(for="[2001:db8:cafe::17]:4711")", "2001:db8:cafe::17  "},
           Case{R"(for="192.0.2.43:47011";host="reg.example.com:5043")",
                "192.0.2.43  reg.example.com:5043"},
           Case{"for=192.0.2.43, for=198.51.100.17", "192.0.2.43   | 198.51.100.17  "},
           Case{"for=_gazonk", "_gazonk  "},
           Case{R"(for="_gazonk:_port")", "_gazonk  "},
           Case{"for=unknown", "unknown  "},
           Case{"For=Unknown", "unknown  "},
           Case{R"(for="192\.0.2.1")", "192.0.2.1  "},
           Case{R"(for=192.0.2.1;note="a, b; c=d";proto=https)", "192.0.2.1 https "},
           Case{" for=192.0.2.1 ; proto=https ,\tproto=http", "192.0.2.1 https  | - http "},
           Case{"by=10.0.0.5", "-  "},
           Case{"for=192.0.2.1,", "192.0.2.1   | -  "},
           Case{"for=192.0.2.1;;proto=http;", "192.0.2.1 http "},
       }) {
    EXPECT_EQ(summary(value), expected) << value;
  }
}

TEST(Forwarded, RefusesWhatItDoesNot) {
  for (const std::string_view value : {
           "for=2001:db8::1",
           "for=[2001:db8::1]",
           R"(for="2001:db8::1")",
           R"(for="[2001:db8::1")",
           R"(for="[192.0.2.1]")",
           R"(for="[2001:db8::1]80")",
           "for=192.0.2.1:80",
           R"(for="192.0.2.1:port")",
           R"(for="192.0.2.1:65536")",
           "for=192.0.2.1 for=192.0.2.2",
           "for=192.0.2.1;for=192.0.2.2",
           "proto=http;proto=https",
           "host=a;host=b",
           R"(for="192.0.2.1)",
           R"(for="192.0.2.1\)",
           "for=",
           "for",
           "for = 192.0.2.1",
           R"(for="")",
           "for=_",
           "for=example.com",
           "for=192.0.2.1/24",
       }) {
    EXPECT_EQ(summary(value), "error") << value;
  }
  std::string many = "for=_a";
  for (std::size_t i = 1; i < kForwardedLimit; ++i) many += ",for=_a";
  EXPECT_NE(summary(many), "error");
  EXPECT_EQ(summary(many + ",for=_a"), "error");
}

TEST(XForwardedFor, NodesMayHavePorts) {
  struct Case {
    std::string_view text;
    std::string_view expected;
  };
  for (const auto& [text, expected] : {
           Case{"192.0.2.1", "192.0.2.1"},
           Case{"192.0.2.1:5678", "192.0.2.1"},
           Case{"2001:db8::9", "2001:db8::9"},
           Case{"[2001:db8::9]", "2001:db8::9"},
           Case{"[2001:db8::9]:443", "2001:db8::9"},
           Case{"::ffff:192.0.2.1", "192.0.2.1"},
           Case{"unknown", "unknown"},
           Case{"unix:", "unix"},
           Case{"", "error"},
           Case{"example.com", "error"},
           Case{"192.0.2.1 ", "error"},
           Case{"192.0.2.1:", "error"},
           Case{"192.0.2.1:x", "error"},
           Case{"\"192.0.2.1\"", "error"},
           Case{"192.0.2.1, 192.0.2.2", "error"},
           Case{"[192.0.2.1]", "error"},
       }) {
    const auto node = parse_x_forwarded_node(text);
    EXPECT_EQ(node ? node->text : "error", expected) << text;
  }
  EXPECT_FALSE(parse_x_forwarded_node("unix:")->address) << "another machine's socket is nobody";
}

}  // namespace
}  // namespace moorgate::http
