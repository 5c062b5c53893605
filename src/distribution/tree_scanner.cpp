#include "distribution/tree_scanner.hpp"

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <utility>

#include "blob/hasher.hpp"
#include "distribution/tree_paths.hpp"
#include "distribution/tree_reader.hpp"

namespace moorgate::distribution {
namespace {

using Kind = Finding::Kind;

/// The names below one folder; those that may hold further ones go on `open`.
class NameWalk {
 public:
  explicit NameWalk(int root) : root_(root), waiting_({std::string()}) {}

  Result<RepositoryNames> run() {
    while (!waiting_.empty()) {
      const std::string name = std::move(waiting_.back());
      waiting_.pop_back();
      if (auto looked = look_into(name); !looked) return failure(std::move(looked).error());
    }
    return std::move(found_);
  }

 private:
  Result<> look_into(const std::string& name) {
    const std::string where =
        name.empty() ? std::string(paths::kRepositories) : paths::repository(name);
    auto folder = Folder::open(root_, where);
    if (!folder) return unreadable(where, errno);
    bool repository = false;
    while (const auto entry = folder->next()) {
      if (entry->name.starts_with('_') && !name.empty()) {
        repository |= entry->is_folder;
      } else if (entry->is_folder) {
        waiting_.push_back(name.empty() ? std::string(entry->name)
                                        : paths::join(name, entry->name));
      } else if (name.empty()) {
        found_.findings.push_back({Kind::left_alone, paths::join(where, entry->name),
                                   "this is no repository's folder; links are not followed"});
      }
    }
    if (folder->error() != 0) return unreadable(where, folder->error());
    if (repository) add(name, where);
    return {};
  }

  void add(const std::string& name, const std::string& where) {
    if (auto parsed = oci::RepositoryName::parse(name)) {
      found_.names.push_back(std::move(*parsed));
    } else {
      found_.findings.push_back({Kind::unusable, where, parsed.error().message});
    }
  }

  static std::unexpected<Error> unreadable(const std::string& where, int error) {
    return failure(system_error(error, "read a folder of the registry", where));
  }

  const int root_;
  std::vector<std::string> waiting_;
  RepositoryNames found_;
};

void count_shard(int blobs, const std::string& algorithm, const std::string& prefix,
                 BlobCount& count, std::atomic<std::uint64_t>& files) {
  auto folder = Folder::open(blobs, prefix);
  while (folder) {
    const auto entry = folder->next();
    if (!entry) break;
    const std::string where =
        paths::join(paths::join(paths::kBlobs, algorithm), paths::join(prefix, entry->name));
    const auto digest = oci::Digest::parse(algorithm + ":" + std::string(entry->name));
    struct stat status{};
    const std::string data = std::string(entry->name) + "/data";
    if (!digest || !entry->is_folder) {
      count.findings.push_back({Kind::left_alone, where, "this is no blob's folder"});
    } else if (::fstatat(folder->fd(), data.c_str(), &status, 0) != 0) {
      count.findings.push_back({Kind::left_alone, where, "the blob's folder holds no bytes"});
    } else if (!blob::is_plausible_size(*digest, static_cast<std::uint64_t>(status.st_size))) {
      count.findings.push_back(
          {Kind::unusable, where, "the blob is empty, which its digest is not"});
    } else {
      files.fetch_add(1, std::memory_order_relaxed);
      ++count.blobs;
      count.bytes += static_cast<std::uint64_t>(status.st_size);
    }
  }
}

}  // namespace

Result<RepositoryNames> find_repositories(int root) {
  return NameWalk(root).run();
}

BlobCount count_blobs(int root, std::atomic<std::uint64_t>& files) {
  BlobCount count;
  for (const std::string algorithm : {"sha256", "sha512"}) {
    auto folder = Folder::open(root, paths::join(paths::kBlobs, algorithm));
    while (folder) {
      const auto entry = folder->next();
      if (!entry) break;
      if (entry->is_folder) {
        count_shard(folder->fd(), algorithm, std::string(entry->name), count, files);
      }
    }
  }
  return count;
}

}  // namespace moorgate::distribution
