#include "meta/schema.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "meta/metadata_test_kit.hpp"

namespace moorgate::meta {
namespace {

using test::digest;
using test::new_manifest;
using test::repository;
using test::run;
using test::tag;
using testing::HasSubstr;
using testing::Not;

constexpr char kVersion[] = "PRAGMA user_version";

class Database : public testing::Test {
 protected:
  std::unique_ptr<Connection> open() const {
    return std::move(*Connection::open(file(), Connection::Use::write));
  }
  std::string refusal() const {
    auto opened = SqliteMetadata::open(file(), {});
    return opened ? "opened" : opened.error().message;
  }
  std::filesystem::path file() const { return folder / "metadata.db"; }
  test::TemporaryFolder folder;
};

TEST_F(Database, IsMadeFromNothingAndLeftAloneAfterwards) {
  for (int i = 0; i < 2; ++i) {
    auto connection = open();
    ASSERT_TRUE(migrate(*connection));
    Query version = connection->query(kVersion);
    ASSERT_TRUE(version.next());
    EXPECT_EQ(version.integer(0), schema_version());
  }
}

TEST_F(Database, OfANewerProgramIsRefused) {
  ASSERT_TRUE(migrate(*open()));
  open()->execute("PRAGMA user_version = 999");
  EXPECT_THAT(refusal(), HasSubstr(file().string()));
  EXPECT_THAT(refusal(), HasSubstr("newer Moorgate"));
}

TEST_F(Database, OfAnotherProgramIsRefused) {
  open()->execute("CREATE TABLE songs (title TEXT)");
  EXPECT_THAT(refusal(), HasSubstr("some other program"));
}

TEST_F(Database, ThatIsDamagedIsNamedWithAdvice) {
  std::ofstream(file()) << std::string(8192, 'x');
  EXPECT_THAT(refusal(), HasSubstr(file().string()));
  EXPECT_THAT(refusal(), HasSubstr("backup"));
}

TEST_F(Database, InAFolderThatIsNotThereIsNamed) {
  auto opened = SqliteMetadata::open(folder / "no/such/metadata.db", {});
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("no/such/metadata.db"));
}

std::string plan_of(Connection& connection, const char* sql) {
  static std::vector<std::string> kept;  // statements are known by their address
  kept.push_back(std::string("EXPLAIN QUERY PLAN ").append(sql));
  std::string plan;
  Query row = connection.query(kept.back().c_str());
  while (row.next()) plan.append(row.text(3)).append("\n");
  return plan;
}

TEST_F(Database, AnswersEveryQuestionFromAnIndex) {
  auto connection = open();
  ASSERT_TRUE(migrate(*connection));
  for (const char* question :
       {sql::kRepositoryId,     sql::kDigestId,          sql::kMediaTypeId,
        sql::kManifestByTag,    sql::kManifestByDigest,  sql::kTagsPage,
        sql::kReferrers,        sql::kAnnotations,       sql::kFindBlob,
        sql::kBlobHolders,      sql::kFindUpload,        sql::kUploadsBefore,
        sql::kHasManifest,      sql::kHasBlobLink,       sql::kTagDigest,
        sql::kDeleteTag,        sql::kDeleteTagsOf,      sql::kDeleteManifest,
        sql::kDeleteReferences, sql::kDeleteAnnotations, sql::kDeleteBlobLink,
        sql::kTouchUpload,      sql::kDeleteUpload,      sql::kRepositoriesPage}) {
    const std::string plan = plan_of(*connection, question);
    EXPECT_THAT(plan, HasSubstr("SEARCH")) << question;
    EXPECT_THAT(plan, Not(HasSubstr("SCAN"))) << question;
    EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE"))) << question;
  }
  EXPECT_THAT(plan_of(*connection, sql::kRepositoriesPage), HasSubstr("repositories_listed"));
  EXPECT_THAT(plan_of(*connection, sql::kDeleteTagsOf), HasSubstr("tags_by_digest"));
  EXPECT_THAT(plan_of(*connection, sql::kReferrers), HasSubstr("manifest_references_by_digest"));
}

class Large : public test::StoreTest {};

TEST_F(Large, RepositoriesAreReadPageByPage) {
  constexpr unsigned kTags = 100'000;
  auto push = new_manifest("app", digest(1));
  for (unsigned i = 0; i < kTags; ++i)
    push.tags.push_back(tag("v" + std::to_string(1'000'000 + i)));
  ASSERT_TRUE(run(store->put_manifest(std::move(push))));

  const auto page = run(store->tags(repository("app"), {.limit = 100, .after = "v1049999"}));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->names.size(), 100U);
  EXPECT_EQ(page->names.front(), "v1050000");
  EXPECT_TRUE(page->more);
}

}  // namespace
}  // namespace moorgate::meta
