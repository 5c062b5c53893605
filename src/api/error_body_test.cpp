#include "api/error_body.hpp"

#include <gtest/gtest.h>

namespace moorgate::api {
namespace {

TEST(ErrorBody, IsTheSpecsDocument) {
  EXPECT_EQ(render_error("DENIED", "not yours"),
            "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"not yours\",\"detail\":null}]}\n");
}

TEST(ErrorBody, AStringIsJsonWhateverItHolds) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("team/app:v1.0~"), R"("team/app:v1.0~")");
  EXPECT_EQ(json_string(R"(a "b" \ c)"), R"("a \"b\" \\ c")");
  EXPECT_EQ(json_string("one\ntwo\x01"), R"("one\ntwo\u0001")");
  EXPECT_EQ(json_string("\xc3\xbc\xe2\x82\xac"), "\"\xc3\xbc\xe2\x82\xac\"");
  EXPECT_EQ(json_string("a\xff"
                        "b"),
            "\"a\xef\xbf\xbd"
            "b\"");
}

}  // namespace
}  // namespace moorgate::api
