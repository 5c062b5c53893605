#include "auth/htpasswd_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace moorgate::auth {
namespace {

namespace fs = std::filesystem;

const std::string kBcrypt4 = "$2y$04$3QT4DqWVm/A6lH4iqJoMnuQohPCbuV8ziTbtnMo0bxAyUZZvuu4P.";
const std::string kBcrypt5 = "$2b$05$ySoSUpcnq7lQys8lr0h3PuVmXhomYvtH9cjmYrlw.zA1bcqmQiS76";
const std::string kSha = "{SHA}B/PcQHeAKywePq/ztWiCWf9lImE=";
const std::string kDes = "G21ASs5tEVkdQ";

std::string told(const std::vector<config::Problem>& problems) {
  std::string out;
  for (const auto& problem : problems) {
    out += std::to_string(problem.line) + ": " + problem.message + "\n";
  }
  return out;
}

TEST(HtpasswdFile, TakesWhatEditorsAndToolsLeaveInIt) {
  const auto text = "\xEF\xBB\xBF# our users\r\nalice:" + kBcrypt4 +
                    "\r\n\r\n \t \n  # more\nbob:" + kSha + ":Bob, room 12:x\n" +
                    "zo\xc3\xab smith:" + kBcrypt5 + " ";
  const auto parsed = parse_htpasswd(text, "users");
  ASSERT_TRUE(parsed.table) << told(parsed.errors);
  EXPECT_EQ(told(parsed.warnings), "");
  EXPECT_EQ(parsed.table->size(), 3U);
  EXPECT_EQ(parsed.table->find("alice")->hash, kBcrypt4);
  EXPECT_EQ(parsed.table->find("bob")->hash, kSha);
  EXPECT_EQ(parsed.table->find("bob")->scheme, Scheme::sha1);
  EXPECT_EQ(parsed.table->find("zo\xc3\xab smith")->hash, kBcrypt5);
  for (const char* nobody : {"", "Alice", "alice ", "# our users", "carol"}) {
    EXPECT_EQ(parsed.table->find(nobody), nullptr) << nobody;
  }
}

TEST(HtpasswdFile, LetsOnlyBcryptInIfToldSo) {
  const std::string text = "alice:" + kBcrypt4 + "\nbob:" + kSha + "\ncarol:" + kBcrypt5 + "\n";
  const auto parsed = parse_htpasswd(text, "users", Schemes::bcrypt);
  ASSERT_TRUE(parsed.table) << told(parsed.errors);
  EXPECT_TRUE(parsed.table->find("alice")->usable);
  EXPECT_FALSE(parsed.table->find("bob")->usable);
  EXPECT_TRUE(parsed.table->find("carol")->usable);
  EXPECT_TRUE(told(parsed.warnings).contains("2: user \"bob\" cannot sign in: the hash is"));
  EXPECT_FALSE(told(parsed.warnings).contains(kSha));
  const auto nobody = parse_htpasswd("bob:" + kSha + "\n", "users", Schemes::bcrypt);
  EXPECT_FALSE(nobody.table);
  EXPECT_TRUE(told(nobody.errors).contains("bcrypt_only")) << told(nobody.errors);
}

TEST(HtpasswdFile, NamesLinesThatDoNotWork) {
  const auto parsed =
      parse_htpasswd("alice:" + kBcrypt4 + "\nbob:" + kDes + "\ncarol:hunter2\nalice:" + kSha +
                         "\n dan:" + kSha + "\neve:\n",
                     "users");
  ASSERT_TRUE(parsed.table);
  EXPECT_EQ(parsed.table->find("alice")->hash, kBcrypt4) << "the first line counts";
  for (const char* user : {"bob", "carol", " dan", "eve"}) {
    ASSERT_NE(parsed.table->find(user), nullptr) << user;
    EXPECT_FALSE(parsed.table->find(user)->usable) << user;
  }
  const auto warnings = told(parsed.warnings);
  for (const char* expected : {"2: user \"bob\" cannot sign in: a DES-crypt", "3: user \"carol\"",
                               "4: user \"alice\" again; line 1 counts", "5: user \" dan\"",
                               "6: user \"eve\" cannot sign in: no password"}) {
    EXPECT_TRUE(warnings.contains(expected)) << expected << " in\n" << warnings;
  }
  EXPECT_FALSE(warnings.contains("hunter2"));
}

TEST(HtpasswdFile, IsRefusedAsAWholeWhenItCannotBeTrusted) {
  using namespace std::string_literals;
  const auto good = "alice:" + kBcrypt4 + "\n";
  const std::pair<std::string, const char*> cases[] = {
      {"", "0: no user in it can sign in"},
      {"# nobody\n", "0: no user"},
      {"bob:" + kDes + "\n", "0: no user"},
      {good + "bob\n", "2: not of the form"},
      {good + "-----BEGIN CERTIFICATE-----\n", "2: not of the form"},
      {good + ":" + kSha + "\n", "2: no user name"},
      {good + "  :" + kSha + "\n", "2: no user name"},
      {good + "bo\0b:"s + kSha + "\n", "2: a control character"},
      {good + "bob:" + kSha + "\rcarol:" + kSha + "\n", "2: a control character"},
      {"a\0l\0i\0c\0e\0:\0"s, "1: a control character"},
      {good + "bob:" + std::string(9000, 'x') + "\n", "2: the line is too long"},
      {std::string(HtpasswdTable::kMaxFile + 1, '\n'), "0: the password file is larger"},
  };
  for (const auto& [text, expected] : cases) {
    const auto parsed = parse_htpasswd(text, "users");
    EXPECT_EQ(parsed.table, nullptr) << expected;
    EXPECT_TRUE(told(parsed.errors).contains(expected)) << told(parsed.errors);
  }
}

TEST(HtpasswdFile, DoesNotFloodTheLog) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "no colon here\n";
  EXPECT_LE(parse_htpasswd(text, "users").errors.size(), 51U);
}

TEST(HtpasswdFile, HasADecoyOfTheMostCommonCost) {
  const auto parsed = parse_htpasswd(
      "a:" + kBcrypt5 + "\nb:" + kSha + "\nc:" + kBcrypt4 + "\nd:" + kBcrypt4 + "\n", "users");
  ASSERT_TRUE(parsed.table);
  const auto& decoy = parsed.table->decoy();
  EXPECT_EQ(decoy.scheme, Scheme::bcrypt);
  EXPECT_EQ(cost_of(decoy.hash, decoy.scheme), "04");
  EXPECT_EQ(verify_password(decoy.hash, decoy.scheme, "pass w\xc3\xb6rd").value(), false);
}

TEST(UserName, IsWhatEveryReaderUnderstands) {
  for (const char* good : {"alice", "a.b-c_d@example.com", "zo\xc3\xab", "with blank", "*", ".."}) {
    EXPECT_TRUE(check_user_name(good)) << good;
  }
  const std::string long_name(256, 'a');
  for (const auto* bad : {"", "a:b", "a\nb", "#a", " a", "a ", "\x7f", long_name.c_str()}) {
    EXPECT_FALSE(check_user_name(bad)) << bad;
  }
}

TEST(SetUser, LeavesAllOtherLinesAsTheyAre) {
  struct Case {
    std::string before;
    std::string after;
    bool replaced;
  };
  const Case cases[] = {
      {"", "bob:H\n", false},
      {"alice:1", "alice:1\nbob:H\n", false},
      {"# bob:0\r\n\r\nbob:1:Bob:x\r\nalice:2\r\n", "# bob:0\r\n\r\nbob:H:Bob:x\r\nalice:2\r\n",
       true},
      {"bob:1\nalice:2\nbob:3", "bob:H\nalice:2\n", true},
      {"bob2:1\nBob:2\n bob:3\n", "bob2:1\nBob:2\n bob:3\nbob:H\n", false},
      {"\xEF\xBB\xBF"
       "bob:1",
       "\xEF\xBB\xBF"
       "bob:H",
       true},
      {"alice:1\n\xEF\xBB\xBF"
       "bob:1\n",
       "alice:1\n\xEF\xBB\xBF"
       "bob:H\n",
       true},
      {"bob\n", "bob\nbob:H\n", false},
      {"bob:", "bob:H", true},
  };
  for (const auto& c : cases) {
    auto text = c.before;
    EXPECT_EQ(set_user(text, "bob", "H"), c.replaced) << c.before;
    EXPECT_EQ(text, c.after);
  }
}

TEST(RemoveUser, TakesEveryLineOfTheUserAndNoOther) {
  std::string text = "# x\nbob:1\r\nalice:2\nbob:3";
  EXPECT_TRUE(remove_user(text, "bob"));
  EXPECT_EQ(text, "# x\nalice:2\n");
  EXPECT_FALSE(remove_user(text, "bob"));
  EXPECT_EQ(text, "# x\nalice:2\n");
}

class HtpasswdOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "htpasswd-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    file_ = folder_ / "users";
  }
  void TearDown() override { fs::remove_all(folder_); }

  void put(const std::string& text) const { std::ofstream(file_) << text; }
  std::string get() const {
    std::ostringstream out;
    out << std::ifstream(file_).rdbuf();
    return out.str();
  }
  mode_t mode() const {
    struct stat status = {};
    EXPECT_EQ(::stat(file_.c_str(), &status), 0);
    return status.st_mode & 07777U;
  }

  fs::path folder_;
  fs::path file_;
};

TEST_F(HtpasswdOnDisk, NewFileIsForItsOwnerOnly) {
  EXPECT_EQ(read_htpasswd_text(file_).value(), "");
  ASSERT_TRUE(write_htpasswd_text(file_, "bob:1\n"));
  EXPECT_EQ(get(), "bob:1\n");
  EXPECT_EQ(mode(), 0600U);
}

TEST_F(HtpasswdOnDisk, ReplacementKeepsModeAndLeavesNothingBehind) {
  put("old\n");
  fs::permissions(file_, fs::perms(0640));
  const bool as_root = ::geteuid() == 0;
  if (as_root) {
    ASSERT_EQ(::chown(file_.c_str(), 1234, 5678), 0);
  }
  ASSERT_TRUE(write_htpasswd_text(file_, "new\n"));
  EXPECT_EQ(get(), "new\n");
  EXPECT_EQ(mode(), 0640U);
  struct stat status = {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_TRUE(!as_root || (status.st_uid == 1234 && status.st_gid == 5678));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(HtpasswdOnDisk, SymbolicLinkStays) {
  put("old\n");
  fs::create_symlink("users", folder_ / "link");
  ASSERT_TRUE(write_htpasswd_text(folder_ / "link", "new\n"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(get(), "new\n");
}

TEST_F(HtpasswdOnDisk, FailureLeavesTheOldFile) {
  EXPECT_FALSE(write_htpasswd_text(folder_ / "missing" / "users", "x"));
  fs::create_directory(file_);
  EXPECT_FALSE(write_htpasswd_text(file_, "x"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(HtpasswdOnDisk, LoadingSaysWhatIsWrong) {
  EXPECT_TRUE(told(load_htpasswd(file_).errors).contains("No such file"));
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_TRUE(told(load_htpasswd(file_).errors).contains("not a regular file"));
  fs::remove(file_);
  EXPECT_TRUE(told(load_htpasswd(folder_).errors).contains("not a regular file"));

  put("alice:" + kBcrypt4 + "\n");
  EXPECT_TRUE(load_htpasswd(file_).table);
  EXPECT_TRUE(load_htpasswd(file_).warnings.empty());
  fs::permissions(file_, fs::perms(0666));
  EXPECT_TRUE(told(load_htpasswd(file_).warnings).contains("everybody on this machine may write"));
}

}  // namespace
}  // namespace moorgate::auth
