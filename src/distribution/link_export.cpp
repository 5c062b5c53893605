#include "distribution/link_export.hpp"

#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "blob/file_io.hpp"
#include "blob/paths.hpp"
#include "distribution/progress.hpp"
#include "distribution/tree_paths.hpp"

namespace moorgate::distribution {
namespace {

using meta::LinkChange;

constexpr std::string_view kMoving = "put the old links aside";
/// Links written and synced together.
constexpr std::size_t kGroup = 1024;

class Exporter {
 public:
  explicit Exporter(meta::LinkKeeper& links) : links_(links) {}

  Result<> add(LinkChange::Kind kind, const std::string& repository, std::string tag,
               const oci::Digest& digest) {
    group_.push_back(
        {.kind = kind, .repository = repository, .tag = std::move(tag), .digest = digest});
    return group_.size() < kGroup ? Result<>() : flush();
  }
  Result<> flush() {
    written_ += group_.size();
    return links_.apply(std::exchange(group_, {}));
  }
  std::uint64_t written() const noexcept { return written_; }

 private:
  meta::LinkKeeper& links_;
  std::vector<LinkChange> group_;
  std::uint64_t written_ = 0;
};

Result<> export_repository(const std::string& name, const meta::RepositoryContent& content,
                           Exporter& exporter) {
  Result<> done;
  for (const auto& [digest, size] : content.blobs) {
    if (done) done = exporter.add(LinkChange::Kind::blob, name, {}, digest);
  }
  for (const auto& digest : content.manifests) {
    if (done) done = exporter.add(LinkChange::Kind::manifest, name, {}, digest);
  }
  for (const auto& [tag, digest] : content.tags) {
    if (done) done = exporter.add(LinkChange::Kind::tag, name, tag, digest);
  }
  return done;
}

}  // namespace

Result<> put_links_aside(int root, const std::filesystem::path& where) {
  const std::string from(paths::kRepositories);
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const std::string to = std::string(blob::paths::kOwn) + "/links-" + std::to_string(now);
  if (::renameat(root, from.c_str(), root, to.c_str()) != 0) {
    return errno == ENOENT ? Result<>() : failure(system_error(errno, kMoving, from));
  }
  log::warning("the link files that were there were put aside: the metadata tell of later times",
               {{"now_in", (where / to).native()}});
  auto synced = blob::io::sync_folder_at(root, "docker/registry/v2", kMoving);
  if (synced) synced = blob::io::sync_folder_at(root, std::string(blob::paths::kOwn), kMoving);
  return synced;
}

Result<> export_links(meta::TreeMetadata& metadata, meta::LinkKeeper& links) {
  auto names = metadata.repositories();
  if (!names) return failure(std::move(names).error());
  Exporter exporter(links);
  Progress progress("Writing Distribution's links", names->size());
  std::uint64_t done = 0;
  for (const auto& name : *names) {
    auto content = metadata.content(name);
    if (!content) return failure(std::move(content).error());
    if (auto added = export_repository(name, *content, exporter); !added) return added;
    progress.show(++done, exporter.written());
  }
  if (auto flushed = exporter.flush(); !flushed) return flushed;
  log::info("Distribution's links were written",
            {{"repositories", static_cast<std::int64_t>(done)},
             {"links", static_cast<std::int64_t>(exporter.written())},
             {"seconds", progress.seconds()}});
  return {};
}

}  // namespace moorgate::distribution
