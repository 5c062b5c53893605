#include "gateway/header_rewrite.hpp"

#include <gtest/gtest.h>

namespace moorgate::gateway {
namespace {

constexpr std::string_view kBase = "/v2/app/blobs/uploads/?mount=x";

const LocationResolver& resolver() {
  static const LocationResolver one({"registry:5000", "hub.example.com"});
  return one;
}

TEST(LocationResolver, FindsItsOwnTargets) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"/v2/app/blobs/uploads/1?_state=a%3D", "/v2/app/blobs/uploads/1?_state=a%3D"},
      {"http://registry:5000/v2/x", "/v2/x"},
      {"https://registry:5000/v2/x", "/v2/x"},
      {"HTTP://Registry:5000/v2/x", "/v2/x"},
      {"//registry:5000/v2/x?y", "/v2/x?y"},
      {"https://hub.example.com/v2/x", "/v2/x"},
      {"https://hub.example.com:443/v2/x", "/v2/x"},
      {"http://hub.example.com:80/v2/x", "/v2/x"},
      {"http://registry:5000", "/"},
      {"http://registry:5000?a", "/?a"},
      {"1234", "/v2/app/blobs/uploads/1234"},
      {"../x", "/v2/app/blobs/x"},
      {"./", "/v2/app/blobs/uploads/"},
      {"?next", "/v2/app/blobs/uploads/?next"},
      {"/a/./b/../c", "/a/c"},
      {"/../../etc", "/etc"},
      {"/a/..", "/"},
      {"/x#part", "/x"},
      {"/x?at=12:00", "/x?at=12:00"},
  };
  for (const auto& [location, target] : cases) {
    const auto place = resolver().resolve(location, kBase);
    ASSERT_TRUE(place) << location;
    EXPECT_TRUE(place->own) << location;
    EXPECT_EQ(place->target, target) << location;
  }
}

TEST(LocationResolver, TellsOtherHostsApart) {
  for (const auto* location : {"http://registry/v2/x", "http://registry:5001/v2/x",
                               "https://s3.example.com/bucket/x?sig=1", "//cdn.example.com/x",
                               "http://registry:5000.evil.example/x", "http://evilregistry:5000/x",
                               "https://hub.example.com.evil/x"}) {
    const auto place = resolver().resolve(location, kBase);
    ASSERT_TRUE(place) << location;
    EXPECT_FALSE(place->own) << location;
    EXPECT_EQ(place->url, location);
    EXPECT_EQ(place->target, "");
  }
}

TEST(LocationResolver, RefusesWhatIsNoPlace) {
  for (const auto& location :
       {std::string(), std::string("ftp://registry:5000/x"), std::string("file:/etc/passwd"),
        std::string("javascript:alert(1)"), std::string("http://user@registry:5000/x"),
        std::string("http://registry:5000@evil/x"), std::string("http:///x"), std::string("/a b"),
        std::string("/a\r\nSet-Cookie: x"), std::string("/a\\b"), std::string("/\xc3\xa4"),
        "/" + std::string(LocationResolver::kLengthLimit, 'a')}) {
    EXPECT_FALSE(resolver().resolve(location, kBase)) << location;
  }
}

TEST(NextPageQuery, IsThatOfTheNextLink) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"</v2/app/tags/list?last=b&n=2>; rel=\"next\"", "last=b&n=2"},
      {"<http://inside:5000/v2/app/tags/list?n=2>; rel=next", "n=2"},
      {"<?first>; rel=\"prev\", <?second=1>; title=x; REL=\"next\"", "second=1"},
  };
  for (const auto& [link, query] : cases) EXPECT_EQ(next_page_query(link), query) << link;
  for (const auto* link : {"", "</v2/x?a>", "</v2/x?a>; rel=\"prev\"", "</v2/x>; rel=\"next\"",
                           "<?a b>; rel=\"next\"", "?a; rel=\"next\"", "<?a; rel=\"next\""}) {
    EXPECT_FALSE(next_page_query(link)) << link;
  }
}

}  // namespace
}  // namespace moorgate::gateway
