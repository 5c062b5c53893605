#include "app/registry_shape.hpp"

#include <cstdint>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "api/registry_endpoint.hpp"
#include "base/log.hpp"
#include "blob/file_blob_store.hpp"
#include "blob/paths.hpp"
#include "meta/sqlite_metadata.hpp"
#include "registry/upload_sessions.hpp"

namespace moorgate::app {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes kPurgeInterval{60};

Task<> purge(blob::BlobStore& blobs, meta::MetadataStore& metadata,
             std::shared_ptr<registry::Registry::Shared> uploads, std::int64_t before) {
  const auto purged = co_await registry::purge_uploads(blobs, metadata, *uploads, before);
  if (!purged) {
    log::error("abandoned uploads could not be removed", {{"error", purged.error().detail}});
  } else if (*purged > 0) {
    log::info("abandoned uploads removed", {{"count", static_cast<std::int64_t>(*purged)}});
  }
}

}  // namespace

Result<std::unique_ptr<Shape>> RegistryShape::open(const AppConfig& config, net::Blocking& disk) {
  const auto& root = config.storage.root;
  auto blobs = blob::FileBlobStore::open(root, disk);
  if (!blobs) return failure(std::move(blobs).error());
  auto tree = distribution::open_tree(root, config.storage.keep_links, disk);
  if (!tree) return failure(std::move(tree).error());
  meta::SqliteMetadata::Options options;
  options.links = tree->links.get();
  auto metadata = meta::SqliteMetadata::open(root / blob::paths::kMetadata, options);
  if (!metadata) return failure(std::move(metadata).error());
  return std::unique_ptr<Shape>(
      new RegistryShape(config.storage, std::move(*blobs), std::move(*tree), std::move(*metadata)));
}

RegistryShape::RegistryShape(const StorageConfig& storage, std::unique_ptr<blob::BlobStore> blobs,
                             distribution::DistributionTree tree,
                             std::unique_ptr<meta::MetadataStore> metadata)
    : storage_(storage),
      blobs_(std::move(blobs)),
      tree_(std::move(tree)),
      metadata_(std::move(metadata)),
      uploads_(registry::Registry::make_shared()),
      next_purge_(steady_clock::now()) {}

std::unique_ptr<api::Backend> RegistryShape::make_backend(net::Worker& /*worker*/,
                                                          const access::Authorizer& authorizer) {
  return std::make_unique<api::RegistryEndpoint>(
      std::make_unique<registry::Registry>(*blobs_, *metadata_, uploads_,
                                           registry::Registry::Options{}),
      authorizer);
}

Task<Result<>> RegistryShape::check() {
  return metadata_->check();
}

/// Two registries that write to one tree lose images: each knows nothing of the other's.
void RegistryShape::look_for_foreign_writer() {
  if (!uploads_->writable() || !tree_.foreign->noticed()) return;
  uploads_->refuse_writes(
      "the registry takes nothing at the moment: another registry writes to the same storage; its "
      "operator must stop one of them");
  const std::string advice = distribution::ForeignWriter::advice(storage_.root);
  log::error("pushes and deletions are refused from now on", {{"reason", advice}});
}

void RegistryShape::look_after(net::Worker& worker) {
  look_for_foreign_writer();
  if (steady_clock::now() < next_purge_) return;
  next_purge_ = steady_clock::now() + kPurgeInterval;
  const auto untouched_since = std::chrono::system_clock::now() - storage_.upload_expiry;
  const std::int64_t before = std::chrono::system_clock::to_time_t(untouched_since);
  worker.post([this, before, &worker] {
    boost::asio::co_spawn(worker.context(), purge(*blobs_, *metadata_, uploads_, before),
                          boost::asio::detached);
  });
}

void RegistryShape::use(const AppConfig& config) {
  storage_.upload_expiry = config.storage.upload_expiry;
}

std::string RegistryShape::place() const {
  return storage_.root.native();
}

void RegistryShape::close() {
  metadata_.reset();
}

}  // namespace moorgate::app
