#include "net/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::net {
namespace {

using namespace std::string_literals;

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string binary(char command, char family, std::string_view rest) {
  std::string out(kSignature);
  out += command;
  out += family;
  out += static_cast<char>(rest.size() >> 8U);
  out += static_cast<char>(rest.size() & 0xffU);
  return out.append(rest);
}

const std::string kV4 = "\xc0\x00\x02\x07\x0a\x00\x00\x01\x1f\x90\x01\xbb"s;
const std::string kV6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x09" +
                        std::string(15, '\0') + "\x01" + "\x1f\x90\x01\xbb";

/// The source as text; "local" where the proxy speaks for itself.
std::string source(std::string_view bytes) {
  const auto header = parse_proxy_header(bytes);
  if (!header) return "error: " + header.error().message;
  if (!*header) return "more";
  if (!(*header)->source) return "local";
  return (*header)->source->text();
}

TEST(ProxyHeader, NamesTheClient) {
  struct Case {
    std::string bytes;
    std::string source;
  };
  for (const auto& [bytes, expected] : {
           Case{"PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\r\n", "192.0.2.7:8080"},
           Case{"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
                "255.255.255.255:65535"},
           Case{"PROXY TCP6 2001:db8::9 ::1 0 1\r\n", "[2001:db8::9]:0"},
           Case{"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 1\r\n", "192.0.2.7:1"},
           Case{"PROXY UNKNOWN\r\n", "unknown"},
           Case{"PROXY UNKNOWN ffff::1 what ever 1 2\r\n", "unknown"},
           Case{binary('\x21', '\x11', kV4), "192.0.2.7:8080"},
           Case{binary('\x21', '\x21', kV6), "[2001:db8::9]:8080"},
           Case{binary('\x21', '\x31', std::string(216, 'p')), "unknown"},
           Case{binary('\x21', '\x00', ""), "unknown"},
           Case{binary('\x21', '\x00', "anything"), "unknown"},
           Case{binary('\x20', '\x00', ""), "local"},
           Case{binary('\x20', '\x11', kV4), "local"},
           // AWS's TLV, and an empty one.
           Case{binary('\x21', '\x11', kV4 + "\xea\x00\x03\x01vp\x04\x00\x00"s), "192.0.2.7:8080"},
           Case{binary('\x21', '\x11', kV4 + "\x04\x0f\xe1"s + std::string(0x0fe1, 'x')),
                "192.0.2.7:8080"},
       }) {
    EXPECT_EQ(source(bytes), expected) << bytes.substr(0, 60);
    const auto with_more = parse_proxy_header(bytes + "GET / HTTP/1.1\r\n");
    ASSERT_TRUE(with_more && *with_more) << bytes.substr(0, 60);
    EXPECT_EQ((*with_more)->length, bytes.size()) << bytes.substr(0, 60);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(source(std::string_view(bytes).substr(0, size)), "more")
          << size << " of " << bytes.substr(0, 60);
    }
  }
}

TEST(ProxyHeader, RefusesWhatIsNone) {
  const std::string v4_short = kV4.substr(0, 11);
  for (const std::string& bytes : {
           "GET / HTTP/1.1\r\n"s,
           "\x16\x03\x01"s,
           "proxy TCP4 192.0.2.7 10.0.0.1 8080 443\r\n"s,
           "PROXY  TCP4 192.0.2.7 10.0.0.1 8080 443\r\n"s,
           "PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\n"s,
           "PROXY TCP4 192.0.2.7\r 10.0.0.1 8080 443\r\n"s,
           "PROXY TCP4 192.0.2.7  10.0.0.1 8080 443\r\n"s,
           "PROXY TCP4 192.0.2.7 10.0.0.1 8080 443 \r\n"s,
           "PROXY TCP4 192.0.2.7 10.0.0.1 8080 443 1\r\n"s,
           "PROXY TCP4 192.0.2.7 10.0.0.1 8080\r\n"s,
           "PROXY TCP4 192.0.2.7 10.0.0.1 8080 65536\r\n"s,
           "PROXY TCP4 192.0.2.7 10.0.0.1 -1 443\r\n"s,
           "PROXY TCP4 192.0.2.7 10.0.0.1 08080 443\r\n"s,
           "PROXY TCP4 192.0.2 10.0.0.1 8080 443\r\n"s,
           "PROXY TCP4 192.0.02.7 10.0.0.1 8080 443\r\n"s,
           "PROXY TCP4 2001:db8::9 ::1 8080 443\r\n"s,
           "PROXY TCP6 192.0.2.7 10.0.0.1 8080 443\r\n"s,
           "PROXY TCP4\r\n"s,
           "PROXY \r\n"s,
           "PROXY UDP4 192.0.2.7 10.0.0.1 8080 443\r\n"s,
           "PROXY UNKNOWN "s + std::string(100, 'x'),
           binary('\x11', '\x11', kV4),
           binary('\x22', '\x11', kV4),
           binary('\x21', '\x12', kV4),
           binary('\x21', '\x41', kV4),
           binary('\x21', '\x11', v4_short),
           binary('\x21', '\x21', kV4),
           binary('\x21', '\x11', kV4 + "\x04\x00"s),
           binary('\x21', '\x11', kV4 + "\x04\x00\x02x"s),
           binary('\x21', '\x00', std::string(4081, 'x')),
           "\r\n\r\n\0\r\nQUIT\r"s,
       }) {
    EXPECT_TRUE(source(bytes).starts_with("error: malformed PROXY header: "))
        << bytes.substr(0, 60) << " -> " << source(bytes);
  }
}

TEST(ProxyHeader, IsRefusedAsSoonAsItCannotBecomeOne) {
  EXPECT_TRUE(source("G").starts_with("error"));
  EXPECT_TRUE(source("PROXZ").starts_with("error"));
  EXPECT_TRUE(source("\r\n\r\nX").starts_with("error"));
  EXPECT_TRUE(source(std::string(kSignature) + "\x31").starts_with("error")) << "the version";
  EXPECT_TRUE(source(std::string(kSignature) + "\x21\x11\xff\xff").starts_with("error"))
      << "a length over the limit is not waited for";
}

}  // namespace
}  // namespace moorgate::net
