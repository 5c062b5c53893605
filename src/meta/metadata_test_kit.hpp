#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/task.hpp"
#include "meta/sqlite_metadata.hpp"
#include "oci/digest.hpp"
#include "oci/manifest.hpp"
#include "oci/name.hpp"

/// What the tests of this folder share: a folder of their own, a loop to await on, and short names
/// for the nouns.
namespace moorgate::meta::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "moorgate-meta-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

template <class T>
Task<> keep_answer(Task<T> task, std::optional<T>& into) {
  into = co_await std::move(task);
}

/// Runs all of `tasks` side by side on one loop; answers in the order of the tasks.
template <class T>
std::vector<T> run_all(std::vector<Task<T>> tasks) {
  boost::asio::io_context loop;
  std::vector<std::optional<T>> answers(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto rethrow = [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);
    };
    boost::asio::co_spawn(loop, keep_answer(std::move(tasks[i]), answers[i]), rethrow);
  }
  loop.run();
  std::vector<T> all;
  for (auto& answer : answers) all.push_back(std::move(answer.value()));
  return all;
}

template <class T>
T run(Task<T> task) {
  std::vector<Task<T>> one;
  one.push_back(std::move(task));
  return std::move(run_all(std::move(one)).front());
}

template <class T>
std::optional<Code> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

inline oci::RepositoryName repository(std::string_view name) {
  return *oci::RepositoryName::parse(name);
}
inline oci::Tag tag(std::string_view name) {
  return *oci::Tag::parse(name);
}
inline oci::Reference reference(std::string_view text) {
  return *oci::Reference::parse(text);
}

/// A digest that is told apart by `seed`.
inline oci::Digest digest(unsigned seed, oci::Algorithm algorithm = oci::Algorithm::sha256) {
  std::string raw(algorithm == oci::Algorithm::sha256 ? 32 : 64, '\x5a');
  for (std::size_t i = 0; i < 4; ++i) raw[i] = static_cast<char>(seed >> (8 * i));
  return oci::Digest::from_raw(algorithm, raw);
}

inline oci::ManifestLink link(oci::Role role, const oci::Digest& target, bool required = true) {
  return {.role = role,
          .descriptor = {.media_type = "application/octet-stream", .digest = target, .size = 7},
          .required = required};
}

inline NewManifest new_manifest(std::string_view name, const oci::Digest& content,
                                std::vector<std::string_view> tags = {},
                                std::vector<oci::ManifestLink> links = {}) {
  NewManifest push{.repository = repository(name),
                   .digest = content,
                   .size = 100,
                   .manifest = {.media_type = std::string(oci::media_type::kOciManifest),
                                .artifact_type = {},
                                .links = std::move(links),
                                .annotations = {}},
                   .pushed_by = "alice"};
  for (const auto text : tags) push.tags.push_back(tag(text));
  return push;
}

/// A store in a folder of its own.
class StoreTest : public testing::Test {
 protected:
  StoreTest() { open(); }
  void open() {
    auto opened = SqliteMetadata::open(file(), {});
    if (!opened) throw std::runtime_error(opened.error().message);
    store = std::move(*opened);
  }
  void reopen() {
    store.reset();
    open();
  }
  std::filesystem::path file() const { return folder / "metadata.db"; }

  TemporaryFolder folder;
  std::unique_ptr<SqliteMetadata> store;
};

}  // namespace moorgate::meta::test
