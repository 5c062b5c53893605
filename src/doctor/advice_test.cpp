#include "doctor/advice.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace moorgate::doctor {
namespace {

TEST(Advice, IsCompleteForEveryAilment) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kAilments; ++i) {
    const Advice& advice = advice_for(static_cast<Ailment>(i));
    EXPECT_TRUE(names.insert(advice.name).second) << advice.name;
    EXPECT_FALSE(advice.title.empty()) << advice.name;
    EXPECT_FALSE(advice.breaks.empty()) << advice.name;
    for (const auto& line : advice.lines) EXPECT_FALSE(line.empty()) << advice.name;
  }
}

TEST(Advice, StandsInTheOrderOfTheAilments) {
  EXPECT_EQ(advice_for(Ailment::certificate_expired).name, "certificate-expired");
  EXPECT_EQ(advice_for(Ailment::spoofed_user).name, "spoofed-user");
  EXPECT_EQ(advice_for(Ailment::location_scheme).name, "location-scheme");
  EXPECT_EQ(advice_for(Ailment::session_left).name, "session-left");
  EXPECT_EQ(advice_for(Ailment::blob_redirect).name, "blob-redirect");
}

TEST(Advice, CallsAHoleAHole) {
  for (const Ailment hole : {Ailment::spoofed_user, Ailment::spoofed_address, Ailment::path_bypass,
                             Ailment::any_password, Ailment::open_push, Ailment::plain_door}) {
    EXPECT_TRUE(advice_for(hole).hole) << advice_for(hole).name;
  }
  EXPECT_FALSE(advice_for(Ailment::body_limit).hole);
}

}  // namespace
}  // namespace moorgate::doctor
