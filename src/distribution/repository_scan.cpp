#include "distribution/repository_scan.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/text.hpp"
#include "distribution/tree_paths.hpp"
#include "distribution/tree_reader.hpp"

namespace moorgate::distribution {
namespace {

using Kind = Finding::Kind;

class Scanner {
 public:
  Scanner(int root, oci::RepositoryName name, meta::RepositoryContent known, std::int64_t since_ns,
          std::atomic<std::uint64_t>& files)
      : root_(root),
        pool_(root),
        known_(std::move(known)),
        since_ns_(since_ns),
        files_(files),
        scan_{.name = std::move(name)} {}

  RepositoryScan run();

 private:
  using Take = void (Scanner::*)(const oci::Digest&, const LinkFile&, const std::string& where);

  std::string path(std::string_view below) const {
    return paths::join(paths::repository(scan_.name.text()), below);
  }
  void find(Kind kind, std::string where, std::string reason) {
    scan_.findings.push_back({kind, std::move(where), std::move(reason)});
  }
  /// What is there but cannot be read must not be taken for missing.
  void fail(Error error) {
    if (!scan_.error) scan_.error = std::move(error);
  }
  std::optional<Folder> open(int at, const std::string& where);
  /// Calls `look` for each entry.
  template <class Look>
  void each_entry(int at, const std::string& where, Look look);
  void each_digest(std::string_view links, Take take);
  void each_digest_of(int algorithms, const std::string& algorithm, const std::string& where,
                      Take take);
  void reject(const LinkFile& link, const std::string& where);
  /// Whether the bytes are there; says what stands against it.
  std::optional<std::uint64_t> size_of(const oci::Digest& digest, const std::string& where);
  void take_revision(const oci::Digest& digest, const LinkFile& link, const std::string& where);
  void take_new_revision(const oci::Digest& digest, const LinkFile& link, const std::string& where);
  void take_layer(const oci::Digest& digest, const LinkFile& link, const std::string& where);
  std::optional<std::uint64_t> layer_size(const oci::Digest& digest, const oci::Digest& target,
                                          const std::string& where);
  void each_tag();
  void take_tag(int tags, const std::string& name, const std::string& where);
  void take_tag_move(int tags, const std::string& name, const LinkFile& current);
  void add_history(int tags, const oci::Digest& current, meta::RepositoryChanges::TagMove& tag);
  void look_for_missing();
  void look_at_rest();
  void note(const LinkFile& link) {
    files_.fetch_add(1, std::memory_order_relaxed);
    if (link.changed_ns <= since_ns_) return;
    scan_.changed_ns = std::min(scan_.changed_ns.value_or(link.changed_ns), link.changed_ns);
  }

  const int root_;
  const BlobPool pool_;
  /// What has been seen is taken out; what is left is gone.
  meta::RepositoryContent known_;
  const std::int64_t since_ns_;
  std::atomic<std::uint64_t>& files_;
  RepositoryScan scan_;
  std::unordered_set<oci::Digest> manifests_;
  std::unordered_set<oci::Digest> blobs_;
  /// What new manifests say of the sizes of blobs.
  std::unordered_map<oci::Digest, std::uint64_t> promised_;
};

RepositoryScan Scanner::run() {
  each_digest(paths::kRevisions, &Scanner::take_revision);
  each_digest(paths::kLayers, &Scanner::take_layer);
  each_tag();
  look_for_missing();
  look_at_rest();
  scan_.manifests = manifests_.size();
  scan_.blobs = blobs_.size();
  scan_.changes.gone = std::move(known_);
  return std::move(scan_);
}

template <class Look>
void Scanner::each_entry(int at, const std::string& where, Look look) {
  auto folder = Folder::open(at, where);
  if (!folder) {
    if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
      fail(system_error(errno, "read a folder of the registry", where));
    }
    return;
  }
  while (const auto entry = folder->next()) look(folder->fd(), std::string(entry->name), *entry);
  if (folder->error() != 0) {
    fail(system_error(folder->error(), "read a folder of the registry", where));
  }
}

/// `links` holds <algorithm>/<hex>/link.
void Scanner::each_digest(std::string_view links, Take take) {
  const std::string where = path(links);
  each_entry(root_, where, [&](int fd, const std::string& name, const Folder::Entry& entry) {
    if (oci::parse_algorithm(name)) {
      each_digest_of(fd, name, paths::join(where, name), take);
    } else {
      find(entry.is_folder ? Kind::unusable : Kind::left_alone, paths::join(where, name),
           "this is no digest algorithm that is known here");
    }
  });
}

void Scanner::each_digest_of(int algorithms, const std::string& algorithm, const std::string& where,
                             Take take) {
  const auto look = [&](int fd, const std::string& name, const Folder::Entry& entry) {
    const auto digest = oci::Digest::parse(algorithm + ":" + name);
    if (!digest || !entry.is_folder) {
      find(Kind::left_alone, paths::join(where, name), "this is no link's folder");
      return;
    }
    const LinkFile link = read_link(fd, paths::join(name, paths::kLink));
    // What a deletion leaves.
    if (link.missing) return;
    note(link);
    if (link.digest) {
      (this->*take)(*digest, link, paths::join(where, name));
    } else {
      reject(link, paths::join(where, name));
    }
  };
  each_entry(algorithms, algorithm, look);
}

void Scanner::reject(const LinkFile& link, const std::string& where) {
  if (link.error != 0) fail(system_error(link.error, "read a link of the registry", where));
  find(Kind::unusable, where, link.problem);
}

void Scanner::take_revision(const oci::Digest& digest, const LinkFile& link,
                            const std::string& where) {
  if (*link.digest != digest) {
    find(Kind::unusable, where, "the link holds another digest, " + link.digest->text());
    return;
  }
  if (!known_.manifests.contains(digest)) return take_new_revision(digest, link, where);
  if (!size_of(digest, where)) return;
  known_.manifests.erase(digest);
  manifests_.insert(digest);
}

std::optional<std::uint64_t> Scanner::size_of(const oci::Digest& digest, const std::string& where) {
  auto size = pool_.size(digest);
  if (size) return *size;
  find(Kind::unusable, where, size.error().message);
  if (size.error().code != Code::blob_unknown) fail(std::move(size).error());
  return std::nullopt;
}

void Scanner::take_new_revision(const oci::Digest& digest, const LinkFile& link,
                                const std::string& where) {
  auto bytes = pool_.read(digest, oci::kManifestLimit);
  if (!bytes) {
    if (bytes.error().code == Code::internal) fail(bytes.error());
    find(Kind::unusable, where, "the manifest cannot be served: " + bytes.error().message);
    return;
  }
  auto manifest = oci::Manifest::parse(*bytes, {});
  if (!manifest) {
    find(Kind::unusable, where, "the manifest cannot be served: " + manifest.error().message);
    return;
  }
  for (const auto& named : manifest->links) {
    if (named.required) promised_.emplace(named.descriptor.digest, named.descriptor.size);
  }
  manifests_.insert(digest);
  scan_.changes.manifests.push_back({.manifest = {.repository = scan_.name,
                                                  .digest = digest,
                                                  .size = bytes->size(),
                                                  .manifest = std::move(*manifest)},
                                     .pushed_at = seconds_of(link.changed_ns)});
}

void Scanner::take_layer(const oci::Digest& digest, const LinkFile& link,
                         const std::string& where) {
  const auto size = layer_size(digest, *link.digest, where);
  if (!size) return;
  blobs_.insert(digest);
  if (const auto known = known_.blobs.find(digest); known != known_.blobs.end()) {
    const bool same = known->second == *size;
    known_.blobs.erase(known);
    if (same) return;
  }
  scan_.changes.blobs.push_back(
      {.digest = digest, .size = *size, .linked_at = seconds_of(link.changed_ns)});
}

/// nullopt: the layer cannot be served, which has been said.
std::optional<std::uint64_t> Scanner::layer_size(const oci::Digest& digest,
                                                 const oci::Digest& target,
                                                 const std::string& where) {
  // Distribution keeps bytes that were pushed as sha512 under their sha256.
  const bool alias = digest != target && digest.algorithm() == oci::Algorithm::sha512;
  if (digest != target && !alias) {
    find(Kind::unusable, where, "the link holds another digest, " + target.text());
    return std::nullopt;
  }
  const auto size = size_of(target, where);
  if (!size) return std::nullopt;
  if (const auto promised = promised_.find(digest);
      promised != promised_.end() && promised->second != *size) {
    find(Kind::unusable, where,
         "the blob has " + std::to_string(*size) + " bytes where a manifest says " +
             std::to_string(promised->second) + "; pushing it again mends it");
    return std::nullopt;
  }
  if (!alias || pool_.size(digest)) return size;
  if (auto added = pool_.add_alias(digest, target); !added) {
    find(Kind::unusable, where, added.error().message + " (" + added.error().detail + ")");
    return std::nullopt;
  }
  return size;
}

void Scanner::each_tag() {
  const std::string where = path(paths::kTags);
  each_entry(root_, where, [&](int fd, const std::string& name, const Folder::Entry& entry) {
    const std::string place = paths::join(where, name);
    if (!entry.is_folder) {
      find(Kind::left_alone, place, "this is no tag's folder");
    } else if (auto tag = oci::Tag::parse(name); !tag) {
      find(Kind::unusable, place, tag.error().message);
    } else {
      take_tag(fd, name, place);
    }
  });
}

void Scanner::take_tag(int tags, const std::string& name, const std::string& where) {
  const LinkFile current = read_link(tags, paths::join(name, paths::kCurrentLink));
  if (current.missing) {
    // What a push that was cut short leaves.
    find(Kind::left_alone, where, "the tag points at nothing");
    return;
  }
  note(current);
  if (!current.digest) {
    reject(current, where);
  } else if (!manifests_.contains(*current.digest)) {
    find(Kind::unusable, where,
         "the tag points at a manifest that cannot be served or is not there, " +
             current.digest->text());
  } else {
    take_tag_move(tags, name, current);
  }
}

void Scanner::take_tag_move(int tags, const std::string& name, const LinkFile& current) {
  ++scan_.tags;
  meta::RepositoryChanges::TagMove tag{.tag = name, .moves = {}};
  if (const auto known = known_.tags.find(name); known != known_.tags.end()) {
    const bool same = known->second == *current.digest;
    known_.tags.erase(known);
    if (same) return;
  } else {
    add_history(tags, *current.digest, tag);
    std::ranges::sort(tag.moves);
  }
  tag.moves.emplace_back(seconds_of(current.changed_ns), *current.digest);
  scan_.changes.tags.push_back(std::move(tag));
}

void Scanner::add_history(int tags, const oci::Digest& current,
                          meta::RepositoryChanges::TagMove& tag) {
  for (const std::string algorithm : {"sha256", "sha512"}) {
    const std::string where = paths::join(paths::join(tag.tag, paths::kIndex), algorithm);
    each_entry(tags, where, [&](int fd, const std::string& name, const Folder::Entry&) {
      const auto digest = oci::Digest::parse(std::string(algorithm).append(":").append(name));
      struct stat status{};
      const std::string link = paths::join(name, paths::kLink);
      if (!digest || ::fstatat(fd, link.c_str(), &status, 0) != 0) return;
      files_.fetch_add(1, std::memory_order_relaxed);
      if (*digest != current) tag.moves.emplace_back(seconds_of(changed_ns(status)), *digest);
    });
  }
}

/// Of what is new: pulls of the whole will fail, as they did before.
void Scanner::look_for_missing() {
  for (const auto& [push, at] : scan_.changes.manifests) {
    std::size_t missing = 0;
    const oci::Digest* first = nullptr;
    for (const auto& link : push.manifest.links) {
      const auto& digest = link.descriptor.digest;
      const bool there =
          manifests_.contains(digest) || (link.role != oci::Role::child && blobs_.contains(digest));
      if (!link.required || there) continue;
      if (missing++ == 0) first = &digest;
    }
    if (missing == 0) continue;
    find(Kind::incomplete, paths::revision(scan_.name.text(), push.digest),
         "of what the manifest names the repository lacks " + std::to_string(missing) +
             ", the first of them " + first->text());
  }
}

void Scanner::look_at_rest() {
  const std::string where = paths::repository(scan_.name.text());
  each_entry(root_, where, [&](int, const std::string& name, const Folder::Entry& entry) {
    const bool part = name == paths::kLayers || name == "_manifests" || name == paths::kUploads;
    if (entry.is_folder && (part || !name.starts_with('_'))) return;
    find(Kind::left_alone, path(name), "this is no part of a repository");
  });
  std::size_t unfinished = 0;
  each_entry(root_, path(paths::kUploads),
             [&](int, const std::string&, const Folder::Entry&) { ++unfinished; });
  if (unfinished == 0) return;
  find(Kind::left_alone, path(paths::kUploads),
       std::to_string(unfinished) + " unfinished uploads; clients start them anew");
}

}  // namespace

RepositoryScan scan_repository(int root, oci::RepositoryName name, meta::RepositoryContent known,
                               std::int64_t since_ns, std::atomic<std::uint64_t>& files) {
  return Scanner(root, std::move(name), std::move(known), since_ns, files).run();
}

}  // namespace moorgate::distribution
