#include "http/url.hpp"

#include <gtest/gtest.h>

namespace moorgate::http {
namespace {

TEST(Url, ReadsWhatItPrints) {
  struct {
    const char* text;
    const char* printed;
    const char* authority;
    std::uint16_t port;
  } const cases[] = {
      {"http://registry", "http://registry/", "registry", 80},
      {"HTTP://Registry:80/", "http://registry/", "registry", 80},
      {"https://registry.example.com/v2/?n=1", "https://registry.example.com/v2/?n=1",
       "registry.example.com", 443},
      {"https://registry:5000", "https://registry:5000/", "registry:5000", 5000},
      {"http://[::1]:5000/x", "http://[::1]:5000/x", "[::1]:5000", 5000},
      {"http://10.0.0.1?x", "http://10.0.0.1/?x", "10.0.0.1", 80},
      {"unix:/run/registry.sock", "unix:/run/registry.sock", "localhost", 0},
  };
  for (const auto& each : cases) {
    const auto url = Url::parse(each.text);
    ASSERT_TRUE(url) << each.text;
    EXPECT_EQ(url->text(), each.printed);
    EXPECT_EQ(url->authority(), each.authority);
    EXPECT_EQ(url->port, each.port);
    EXPECT_EQ(Url::parse(url->text())->text(), each.printed);
  }
}

TEST(Url, RefusesWhatIsNoPlaceToSendARequest) {
  for (const char* text : {"",
                           "registry:5000",
                           "ftp://registry/",
                           "http://",
                           "http:///v2/",
                           "http://a b/",
                           "http://a/b c",
                           "http://a/#part",
                           "http://a:0/",
                           "http://a:65536/",
                           "http://a:/",
                           "http://a:x/",
                           "http://[::1",
                           "http://[registry]/",
                           "http://[::1]x/",
                           "http://::1/",
                           "http://a\r\nb/",
                           "http://a/\r\nX: y",
                           "unix:relative",
                           "unix:",
                           "http://a%41/"}) {
    EXPECT_FALSE(Url::parse(text)) << text;
  }
}

TEST(Url, DoesNotRepeatAPassword) {
  const auto url = Url::parse("https://me:hunter2@registry/");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().message.find("hunter2"), std::string::npos);
}

TEST(Url, SameOriginMeansSchemeHostAndPort) {
  const Url base = *Url::parse("https://registry/a");
  EXPECT_TRUE(base.same_origin(*Url::parse("https://REGISTRY:443/b?c")));
  for (const char* other : {"http://registry/a", "https://registry:444/a",
                            "https://registry.evil/a", "http://registry:443/a", "unix:/registry"}) {
    EXPECT_FALSE(base.same_origin(*Url::parse(other))) << other;
  }
}

}  // namespace
}  // namespace moorgate::http
