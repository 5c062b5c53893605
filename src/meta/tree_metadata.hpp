#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "meta/link_keeper.hpp"
#include "meta/sqlite.hpp"
#include "meta/tree_changes.hpp"

namespace moorgate::meta {

/// Where the metadata stand with the link files of Docker's registry (Distribution) in the same
/// tree. On disk: never renumbered, and the triggers of schema.cpp name `linked`.
enum class LinksMode : std::uint8_t {
  none = 0,       ///< Never asked for.
  adopting = 1,   ///< The tree is being read; what the metadata hold is not all of it.
  exporting = 2,  ///< Links are being written for what the metadata hold.
  linked = 3,     ///< Every change is made to the links as well.
  unlinked = 4,   ///< They were kept or adopted once and are no longer cared for.
};

/// The metadata while nobody serves them, changed a whole repository at a time. For start-up: every
/// method waits for the disk. Errors are for the operator. One process and one thread, and only
/// while no SqliteMetadata has the file open.
class TreeMetadata {
 public:
  /// Creates or upgrades the file as SqliteMetadata does.
  static Result<std::unique_ptr<TreeMetadata>> open(const std::filesystem::path& file);
  ~TreeMetadata();

  Result<LinksMode> mode();
  /// Durable when it answers, with everything that was adopted before.
  Result<> set_mode(LinksMode mode);

  /// Names of all repositories, those without manifests included.
  Result<std::vector<std::string>> repositories();
  Result<RepositoryContent> content(const std::string& repository);

  /// Committed now and then; durable with the next set_mode(). Idempotent, so whoever was
  /// interrupted starts again.
  Result<> adopt(const oci::RepositoryName& repository, const RepositoryChanges& changes);

  /// Changes that were committed but not yet brought to the links when the last process ended.
  Result<std::vector<LinkChange>> journal();
  Result<> forget_journal();

 private:
  explicit TreeMetadata(std::unique_ptr<Connection> connection);
  Result<> begin();
  Result<> commit();
  template <class Value>
  Result<Value> unless_failed(Value value);

  const std::unique_ptr<Connection> connection_;
  std::size_t uncommitted_ = 0;
};

}  // namespace moorgate::meta
