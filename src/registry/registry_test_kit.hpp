#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/authorizer.hpp"
#include "access/policy.hpp"
#include "blob/hasher.hpp"
#include "blob/memory_blob_store.hpp"
#include "meta/metadata_test_kit.hpp"
#include "registry/registry.hpp"

namespace moorgate::registry::test {

using meta::test::code_of;
using meta::test::reference;
using meta::test::repository;
using meta::test::run;
using meta::test::tag;

inline oci::Digest digest_of(std::string_view bytes,
                             oci::Algorithm algorithm = oci::Algorithm::sha256) {
  return blob::digest_of(algorithm, bytes);
}

/// A registry over a fake blob store and a real database, in which everybody may do everything.
class RegistryTest : public meta::test::StoreTest {
 protected:
  RegistryTest() { start(); }

  /// As after a restart of the process: what only memory knew is gone.
  void restart() {
    registry.reset();
    reopen();
    start();
  }
  void start() {
    shared = Registry::make_shared();
    registry.emplace(blobs, *store, shared, Registry::Options{});
  }

  access::Permit permit(access::Action action, std::string_view name = "app",
                        std::string user = "alice") const {
    const auth::Principal who(std::move(user), "test");
    return *authorizer.authorize(who, repository(name), action);
  }
  access::Permit pull(std::string_view name = "app") const {
    return permit(access::Action::pull, name);
  }
  access::Permit push(std::string_view name = "app", std::string user = "alice") const {
    return permit(access::Action::push, name, std::move(user));
  }
  access::Permit remove(std::string_view name = "app") const {
    return permit(access::Action::remove, name);
  }

  oci::Digest push_blob(std::string bytes, std::string_view name = "app") {
    const auto digest = digest_of(bytes);
    EXPECT_TRUE(run(registry->push_blob(push(name), digest, std::move(bytes))));
    return digest;
  }
  Result<PushedManifest> push_manifest(std::string bytes, std::string_view as,
                                       std::vector<oci::Tag> tags = {}) {
    ManifestPush what{.bytes = std::move(bytes),
                      .content_type = std::string(oci::media_type::kOciIndex),
                      .reference = reference(as),
                      .tags = std::move(tags)};
    return run(registry->push_manifest(push(), std::move(what)));
  }

  /// How often the blob store was asked for `verb` since the last time.
  std::size_t calls(std::string_view verb) {
    const auto count = std::erase_if(
        blobs.calls, [verb](const std::string& line) { return line.starts_with(verb); });
    return count;
  }

  blob::MemoryBlobStore blobs;
  access::Authorizer authorizer{std::make_shared<const access::Policy>(
      access::AccessConfig{.groups = {},
                           .rules = {{.who = {.kind = access::Subject::Kind::anyone},
                                      .repositories = {"**"},
                                      .allow = access::Actions::all()}},
                           .rules_given = true,
                           .contact = {}})};
  std::shared_ptr<Registry::Shared> shared;
  std::optional<Registry> registry;
};

/// The smallest index, told apart by `note`.
inline std::string index_with(std::string_view note) {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",)"
         R"("manifests":[],"annotations":{"note":")" +
         std::string(note) + R"("}})";
}

}  // namespace moorgate::registry::test
