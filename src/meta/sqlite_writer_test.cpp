#include "meta/sqlite_writer.hpp"

#include <gmock/gmock.h>

#include <future>
#include <latch>
#include <string>

#include "meta/metadata_test_kit.hpp"

namespace moorgate::meta {
namespace {

using test::code_of;
using test::digest;
using test::new_manifest;
using test::repository;
using test::run_all;

constexpr char kInsert[] = "INSERT INTO t VALUES (?1)";
constexpr char kCount[] = "SELECT count(*) FROM t";

class Writer : public testing::Test {
 protected:
  Writer() {
    auto connection = *Connection::open(folder / "t.db", Connection::Use::write);
    // A database that is full at 32 pages stands in for a full disk.
    connection->execute("PRAGMA max_page_count = 32; CREATE TABLE t (x BLOB UNIQUE)");
    writer.emplace(std::move(connection), versions, 64);
  }

  /// Holds the writer back until let go, so that what is submitted meanwhile is one batch.
  void hold() {
    auto wait = [this](Connection&) -> Result<> {
      held.count_down();
      go.wait();
      return {};
    };
    writer->submit({.apply = std::move(wait)});
    held.wait();
  }
  void let_go() { go.count_down(); }

  std::future<Result<>> insert(std::string value, std::optional<Code> then_fail = std::nullopt) {
    auto promise = std::make_shared<std::promise<Result<>>>();
    auto apply = [value = std::move(value), then_fail](Connection& db) -> Result<> {
      db.run(kInsert, value);
      if (then_fail) return failure(*then_fail, "refused");
      return {};
    };
    auto answer = [promise](Result<> result) { promise->set_value(std::move(result)); };
    writer->submit({.apply = std::move(apply), .answer = std::move(answer), .touches = 3});
    return promise->get_future();
  }

  std::int64_t rows() {
    auto connection = *Connection::open(folder / "t.db", Connection::Use::read);
    Query row = connection->query(kCount);
    return row.next() ? row.integer(0) : -1;
  }

  test::TemporaryFolder folder;
  RepositoryVersions versions;
  std::latch held{1};
  std::latch go{1};
  std::optional<SqliteWriter> writer;
};

TEST_F(Writer, CommitsACrowdAtOnce) {
  hold();
  std::vector<std::future<Result<>>> answers;
  answers.reserve(65);
  for (int i = 0; i < 20; ++i) answers.push_back(insert(std::to_string(i)));
  let_go();
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  EXPECT_EQ(writer->commits(), 2U);
  EXPECT_EQ(rows(), 20);
}

TEST_F(Writer, UndoesARefusedChangeAlone) {
  hold();
  auto first = insert("a");
  auto refused = insert("b", Code::precondition_failed);
  auto last = insert("c");
  let_go();
  EXPECT_TRUE(first.get());
  EXPECT_EQ(code_of(refused.get()), Code::precondition_failed);
  EXPECT_TRUE(last.get());
  EXPECT_EQ(rows(), 2);
}

TEST_F(Writer, LetsNobodySufferForAChangeThatTheDiskCannotTake) {
  hold();
  auto first = insert("a");
  auto huge = insert(std::string(1 << 20, 'x'));
  auto last = insert("c");
  let_go();
  EXPECT_TRUE(first.get());
  EXPECT_EQ(code_of(huge.get()), Code::insufficient_storage);
  EXPECT_TRUE(last.get());
  EXPECT_EQ(rows(), 2);
}

TEST_F(Writer, BumpsVersionsBeforeItAnswers) {
  const auto name = [] {
    for (int i = 0;; ++i) {
      auto candidate = repository("r" + std::to_string(i));
      if (RepositoryVersions::slot_of(candidate) == 3) return candidate;
    }
  }();
  const auto before = versions.get(name);
  EXPECT_TRUE(insert("a").get());
  EXPECT_NE(versions.get(name), before);
}

TEST_F(Writer, RefusesWhatDoesNotFitTheQueue) {
  hold();
  std::vector<std::future<Result<>>> answers;
  answers.reserve(65);
  for (int i = 0; i < 65; ++i) answers.push_back(insert(std::to_string(i)));
  EXPECT_EQ(code_of(answers.back().get()), Code::unavailable);
  let_go();
  answers.pop_back();
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
}

TEST_F(Writer, CommitsWhatIsQueuedBeforeItEnds) {
  auto answer = insert("a");
  writer.reset();
  EXPECT_TRUE(answer.get());
  EXPECT_EQ(rows(), 1);
}

class Crowd : public test::StoreTest {
 protected:
  static Task<Result<>> let_go(Connection& other) {
    other.execute("ROLLBACK");
    co_return Result<>();
  }
};

TEST_F(Crowd, OfPushesSharesTransactions) {
  // While another holds the database, all of them queue up behind the first.
  const auto other = *Connection::open(file(), Connection::Use::write);
  other->execute("BEGIN IMMEDIATE");
  std::vector<Task<Result<>>> pushes;
  for (unsigned i = 0; i < 500; ++i) {
    auto push = new_manifest("app", digest(i), {"latest"});
    // Every tenth insists on something that cannot be.
    if (i % 10 == 0) push.precondition.match = {digest(99'999)};
    pushes.push_back(store->put_manifest(std::move(push)));
  }
  pushes.push_back(let_go(*other));
  const auto answers = run_all(std::move(pushes));
  for (std::size_t i = 0; i < 500; ++i) {
    EXPECT_EQ(code_of(answers[i]),
              i % 10 == 0 ? std::optional(Code::precondition_failed) : std::nullopt);
  }
  EXPECT_FALSE(other->failed());
  EXPECT_LE(store->commits(), 2U);
}

}  // namespace
}  // namespace moorgate::meta
