#include "doctor/url.hpp"

#include <gtest/gtest.h>

namespace moorgate::doctor {
namespace {

TEST(Url, IsReadAsClientsReadIt) {
  struct Case {
    const char* text;
    const char* expected;
  };
  for (const auto& [text, expected] : {
           Case{"https://registry.example.com", "https://registry.example.com/"},
           Case{"registry.example.com:5000", "https://registry.example.com:5000/"},
           Case{"HTTPS://Registry.Example.Com:443/v2/", "https://registry.example.com/v2/"},
           Case{"http://localhost:80/a?b=c#d", "http://localhost/a?b=c"},
           Case{"https://[::1]:8443/%2F//..", "https://[::1]:8443/%2F//.."},
           Case{"https://host?x", "https://host/?x"},
       }) {
    const auto url = Url::parse(text);
    ASSERT_TRUE(url) << text;
    EXPECT_EQ(url->text(), expected);
  }
}

TEST(Url, RefusesWhatIsNone) {
  for (const char* text :
       {"", "ftp://host", "https://", "https://:443", "https://host:0", "https://host:99999",
        "https://host:x", "https://a b", "https://user@host", "https://user:secret@host",
        "https://host/\r\nX: y"}) {
    const auto url = Url::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_FALSE(url.error().message.contains("secret"));
  }
}

TEST(Url, ResolvesALocation) {
  const auto base = *Url::parse("https://host:5000/v2/a/blobs/uploads/");
  struct Case {
    const char* reference;
    const char* expected;
  };
  for (const auto& [reference, expected] : {
           Case{"/v2/x?y", "https://host:5000/v2/x?y"},
           Case{"http://other/v2/x", "http://other/v2/x"},
           Case{"//other/x", "https://other/x"},
           Case{"x", "https://host:5000/v2/a/blobs/uploads/x"},
           Case{"?x", "https://host:5000/v2/a/blobs/uploads/?x"},
       }) {
    const auto url = base.resolve(reference);
    ASSERT_TRUE(url) << reference;
    EXPECT_EQ(url->text(), expected);
  }
  EXPECT_FALSE(base.resolve(""));
  EXPECT_FALSE(base.resolve("ftp://other/"));
}

TEST(Url, KnowsWhereAPasswordNeedsNoTls) {
  for (const char* text : {"http://localhost", "http://127.0.0.1:5000", "http://[::1]"}) {
    EXPECT_TRUE(Url::parse(text)->origin().is_loopback()) << text;
  }
  for (const char* text : {"http://registry", "http://10.0.0.1", "http://localhost.example.com"}) {
    EXPECT_FALSE(Url::parse(text)->origin().is_loopback()) << text;
  }
}

}  // namespace
}  // namespace moorgate::doctor
