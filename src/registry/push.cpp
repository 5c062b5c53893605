#include <utility>

#include "blob/hasher.hpp"
#include "registry/registry_impl.hpp"

namespace moorgate::registry {
namespace {

using access::Action;

/// How many repositories are worth asking about for a mount whose source the client leaves open.
constexpr std::size_t kHolders = 16;

/// The digest under which to keep the bytes: that of the reference, or sha256 for a tag.
Result<oci::Digest> content_digest(const ManifestPush& push) {
  const oci::Digest* const expected = push.reference.digest();
  const auto algorithm = expected != nullptr ? expected->algorithm() : oci::Algorithm::sha256;
  auto actual = blob::digest_of(algorithm, push.bytes);
  if (expected != nullptr && *expected != actual) return blob::digest_mismatch(*expected, actual);
  return actual;
}

Result<std::vector<oci::Tag>> tags_of(const ManifestPush& push) {
  const oci::Tag* const tag = push.reference.tag();
  if (tag == nullptr) return push.tags;
  if (!push.tags.empty()) {
    return failure(Code::tag_invalid,
                   "further tags may be given only where the manifest is pushed "
                   "by its digest, not by a tag");
  }
  return std::vector<oci::Tag>{*tag};
}

/// Everything that the bytes alone decide.
Result<meta::NewManifest> examine(const access::Permit& permit, const ManifestPush& push) {
  if (push.bytes.size() > oci::kManifestLimit) {
    return failure(Code::manifest_too_large,
                   "the manifest has " + std::to_string(push.bytes.size()) + " bytes; at most " +
                       std::to_string(oci::kManifestLimit) + " are taken");
  }
  auto tags = tags_of(push);
  if (!tags) return failure(std::move(tags).error());
  auto digest = content_digest(push);
  if (!digest) return failure(std::move(digest).error());
  auto manifest = oci::Manifest::parse(push.bytes, push.content_type);
  if (!manifest) return failure(std::move(manifest).error());
  return meta::NewManifest{.repository = permit.repository(),
                           .digest = std::move(*digest),
                           .size = push.bytes.size(),
                           .manifest = std::move(*manifest),
                           .tags = std::move(*tags),
                           .precondition = push.precondition,
                           .pushed_by = permit.principal()};
}

}  // namespace

Task<Result<PushedManifest>> Registry::push_manifest(const access::Permit& permit,
                                                     ManifestPush push) {
  if (auto held = demand_change(*impl_->shared, permit, Action::push); !held)
    co_return failure(std::move(held).error());
  auto examined = examine(permit, push);
  if (!examined) co_return failure(std::move(examined).error());
  PushedManifest pushed{.digest = examined->digest, .subject = std::nullopt};
  if (const auto* const subject = examined->manifest.subject()) pushed.subject = subject->digest;
  // Bytes first: metadata never promise what is not there.
  auto stored = co_await impl_->blobs.put(examined->digest, std::move(push.bytes));
  if (!stored) co_return failure(std::move(stored).error());
  auto put = co_await impl_->metadata.put_manifest(std::move(*examined));
  if (!put) co_return failure(std::move(put).error());
  co_return pushed;
}

Task<Result<bool>> Registry::mount_blob(const access::Permit& push, const access::Permit& pull_from,
                                        const oci::Digest& digest) {
  if (auto held = demand_change(*impl_->shared, push, Action::push); !held)
    co_return failure(std::move(held).error());
  // A source that has lost its bytes is no source: the upload that follows mends it.
  const auto size = co_await stat_blob(pull_from, digest);
  if (!size && size.error().code == Code::blob_unknown) co_return false;
  if (!size) co_return failure(size.error());
  auto linked = co_await impl_->metadata.link_blob(push.repository(), digest, *size);
  if (!linked) co_return failure(std::move(linked).error());
  co_return true;
}

Task<Result<std::vector<oci::RepositoryName>>> Registry::blob_holders(const oci::Digest& digest) {
  return impl_->metadata.blob_holders(digest, kHolders);
}

Task<Result<>> Registry::push_blob(const access::Permit& permit, const oci::Digest& digest,
                                   std::string bytes) {
  if (auto held = demand_change(*impl_->shared, permit, Action::push); !held) co_return held;
  const std::uint64_t size = bytes.size();
  auto stored = co_await impl_->blobs.put_verified(digest, std::move(bytes));
  if (!stored) co_return stored;
  co_return co_await impl_->metadata.link_blob(permit.repository(), digest, size);
}

}  // namespace moorgate::registry
