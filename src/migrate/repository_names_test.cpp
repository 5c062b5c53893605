#include "migrate/repository_names.hpp"

#include <gtest/gtest.h>

namespace moorgate::migrate {
namespace {

using Answer = std::optional<Globs>;

struct Case {
  std::string_view text;
  Answer globs;
};

TEST(RepositoryNames, OfPrefixes) {
  for (const auto& [text, globs] : std::initializer_list<Case>{
           {"/", Globs{}},
           {"/v2/", Globs{}},
           {"/v2/_catalog", Globs{}},
           {"/v2/team/", Globs{"team", "team/**"}},
           {"/v2/team", Globs{"team**"}},
           {"/v2/team/app/manifests/", Globs{"team/app"}},
           {"/v2/Team/", std::nullopt},
       }) {
    EXPECT_EQ(repositories_of_prefix(text), globs) << text;
  }
}

TEST(RepositoryNames, OfRegularExpressions) {
  for (const auto& [text, globs] : std::initializer_list<Case>{
           {"^/v2/", Globs{}},
           {"^/v[12]/", Globs{}},
           {"/v2/.*/blobs/uploads", Globs{}},
           {"^/v2/.+/(manifests|blobs)/", Globs{}},
           {"/blobs/uploads/?$", Globs{}},
           {"^/ui/", Globs{}},
           {"^/v2/(a|b)/", Globs{"a", "a/**", "b", "b/**"}},
           {"^/v2/(?:a|b-c)/", Globs{"a", "a/**", "b-c", "b-c/**"}},
           {"^/v2/team\\.x/app$", Globs{"team.x/app"}},
           {"^/v2/team/.*/manifests/", Globs{"team/**"}},
           {"^\\/v2\\/team\\/", Globs{"team", "team/**"}},
           {"^/v2/[a-z]{3}/", std::nullopt},
           {"^/v2/(?!public)", std::nullopt},
           {"^/v2/(a(b|c))/", std::nullopt},
           {"\\.(jpg|png)$", std::nullopt},
       }) {
    EXPECT_EQ(repositories_of_regex(text), globs) << text;
  }
}

TEST(RepositoryNames, ExamplesOfGlobs) {
  EXPECT_EQ(example_of("**"), "zz9/zz9/zz9/zz9");
  EXPECT_EQ(example_of("team/**"), "team/zz9");
  EXPECT_EQ(example_of("team**"), "team9");
  EXPECT_EQ(example_of("*/app"), "zz9/app");
}

}  // namespace
}  // namespace moorgate::migrate
