#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "meta/metadata_store.hpp"
#include "meta/repository_versions.hpp"
#include "meta/sqlite.hpp"
#include "meta/sqlite_writer.hpp"
#include "net/blocking.hpp"

namespace moorgate::meta {

/// A connection that writes, to a file that is created or upgraded if need be. The error's message
/// is for the operator: it names the file and says what to do.
Result<std::unique_ptr<Connection>> open_database(const std::filesystem::path& file);

/// Metadata in one SQLite file in WAL mode: a few connections that read on pool threads, and one
/// thread that writes (SqliteWriter). One process per file.
class SqliteMetadata final : public MetadataStore {
 public:
  struct Options {
    std::size_t readers = 4;
    /// Beyond this many waiting reads or writes the answer is `unavailable`.
    std::size_t queue_limit = 8192;
    /// See SqliteWriter; must outlive the store. Null: nobody wants to know.
    LinkKeeper* links = nullptr;
  };

  /// Creates or upgrades the file. The error's message is for the operator: it names the file and
  /// says what to do.
  static Result<std::unique_ptr<SqliteMetadata>> open(const std::filesystem::path& file,
                                                      Options options);
  /// Commits what is queued. The loops that wait for answers must still exist.
  ~SqliteMetadata() override;

  Task<Result<ManifestRecord>> find_manifest(oci::RepositoryName repository,
                                             oci::Reference reference) override;
  Task<Result<>> put_manifest(NewManifest manifest) override;
  Task<Result<>> delete_manifest(oci::RepositoryName repository, oci::Digest digest,
                                 Precondition precondition, std::string deleted_by) override;
  Task<Result<>> delete_tag(oci::RepositoryName repository, oci::Tag tag, Precondition precondition,
                            std::string deleted_by) override;
  Task<Result<Page>> tags(oci::RepositoryName repository, PageRequest page) override;
  Task<Result<Page>> repositories(PageRequest page) override;
  Task<Result<std::vector<oci::Descriptor>>> referrers(oci::RepositoryName repository,
                                                       oci::Digest subject,
                                                       std::string artifact_type) override;

  Task<Result<std::uint64_t>> find_blob(oci::RepositoryName repository,
                                        oci::Digest digest) override;
  Task<Result<>> link_blob(oci::RepositoryName repository, oci::Digest digest,
                           std::uint64_t size) override;
  Task<Result<>> unlink_blob(oci::RepositoryName repository, oci::Digest digest) override;
  Task<Result<std::vector<oci::RepositoryName>>> blob_holders(oci::Digest digest,
                                                              std::size_t limit) override;

  void create_upload(UploadRecord upload) override;
  void touch_upload(std::string id, std::uint64_t offset) override;
  Task<Result<UploadRecord>> find_upload(oci::RepositoryName repository, std::string id) override;
  Task<Result<>> remove_upload(std::string id) override;
  Task<Result<>> finish_upload(std::string id, oci::RepositoryName repository, oci::Digest digest,
                               std::uint64_t size) override;
  Task<Result<std::vector<UploadRecord>>> uploads(std::int64_t before) override;

  std::uint64_t version(const oci::RepositoryName& repository) const noexcept override {
    return versions_.get(repository);
  }
  Task<Result<>> check() override;

  /// Transactions committed since start: fewer than changes when they came in crowds.
  std::uint64_t commits() const noexcept { return writer_.commits(); }

 private:
  using Connections = std::vector<std::unique_ptr<Connection>>;

  SqliteMetadata(std::unique_ptr<Connection> writer, Connections readers, Options options);
  /// Runs `query(Connection&)` on a pool thread.
  template <class Query>
  auto read(Query query);
  Task<Result<>> write(Change change);

  RepositoryVersions versions_;
  std::mutex mutex_;
  Connections idle_readers_;  // shared by the pool's threads
  SqliteWriter writer_;
  net::Blocking pool_;  // last: its threads use all of the above
};

}  // namespace moorgate::meta
