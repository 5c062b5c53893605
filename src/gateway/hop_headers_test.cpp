#include "gateway/hop_headers.hpp"

#include <gtest/gtest.h>

namespace moorgate::gateway {
namespace {

TEST(HopHeaders, HoldsTheWellKnownOnes) {
  const HopHeaders hop({});
  for (const auto* name : {"Connection", "keep-alive", "TE", "trailer", "TRANSFER-ENCODING",
                           "Upgrade", "Proxy-Authorization", "proxy-connection"}) {
    EXPECT_TRUE(hop.contains(name)) << name;
  }
  for (const auto* name : {"Range", "Content-Length", "Prox", "", "X-Connection"}) {
    EXPECT_FALSE(hop.contains(name)) << name;
  }
}

TEST(HopHeaders, HoldsWhatConnectionNames) {
  const std::vector<http::Header> headers = {
      {"Connection", "close, X-Secret ,,Range"}, {"connection", "if-match"}, {"ETag", "If-Range"}};
  const HopHeaders hop(headers);
  EXPECT_TRUE(hop.contains("x-secret"));
  EXPECT_TRUE(hop.contains("Range"));
  EXPECT_TRUE(hop.contains("If-Match"));
  EXPECT_FALSE(hop.contains("If-Range"));
}

}  // namespace
}  // namespace moorgate::gateway
