#pragma once

#include <chrono>
#include <memory>

#include "app/app_config.hpp"
#include "app/shape.hpp"
#include "blob/blob_store.hpp"
#include "distribution/distribution_tree.hpp"
#include "meta/metadata_store.hpp"
#include "net/blocking.hpp"
#include "registry/registry.hpp"

namespace moorgate::app {

/// All-in-one: this process stores the images, in a folder of this machine.
class RegistryShape final : public Shape {
 public:
  /// `disk` outlives this.
  static Result<std::unique_ptr<Shape>> open(const AppConfig& config, net::Blocking& disk);

  std::unique_ptr<api::Backend> make_backend(net::Worker& worker,
                                             const access::Authorizer& authorizer) override;
  Task<Result<>> check() override;
  void look_after(net::Worker& worker) override;
  void use(const AppConfig& config) override;
  std::string place() const override;
  void close() override;

 private:
  RegistryShape(const StorageConfig& storage, std::unique_ptr<blob::BlobStore> blobs,
                distribution::DistributionTree tree, std::unique_ptr<meta::MetadataStore> metadata);
  void look_for_foreign_writer();

  StorageConfig storage_;
  std::unique_ptr<blob::BlobStore> blobs_;
  distribution::DistributionTree tree_;  // the metadata store uses its links
  std::unique_ptr<meta::MetadataStore> metadata_;
  const std::shared_ptr<registry::Registry::Shared> uploads_;
  std::chrono::steady_clock::time_point next_purge_;
};

}  // namespace moorgate::app
