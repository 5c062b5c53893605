#include "distribution/adoption.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "blob/file_io.hpp"
#include "blob/paths.hpp"
#include "distribution/progress.hpp"
#include "distribution/tree_reader.hpp"
#include "distribution/tree_scanner.hpp"

namespace moorgate::distribution {
namespace {

/// Repositories read but not yet written: bounds the memory that large ones take.
constexpr std::size_t kAhead = 4;
constexpr std::chrono::milliseconds kPatience{100};

/// The file system's own idea of now, which link files are dated by.
Result<std::int64_t> file_system_time(int root) {
  const std::string path = blob::paths::temporary_folder(0) + ".now";
  const UniqueFd file = blob::io::open_at(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) {
    return failure(system_error(errno, "write to the storage folder", path));
  }
  ::unlinkat(root, path.c_str(), 0);
  return changed_ns(status);
}

std::uint64_t size_of(const meta::RepositoryContent& content) {
  return content.blobs.size() + content.manifests.size() + content.tags.size();
}

std::uint64_t size_of(const meta::RepositoryChanges& changes) {
  return changes.blobs.size() + changes.manifests.size() + changes.tags.size() +
         size_of(changes.gone);
}

class Adoption {
 public:
  Adoption(const AdoptionOptions& options, meta::TreeMetadata& metadata, ForeignWriter& foreign,
           net::Blocking& disk)
      : options_(options),
        metadata_(metadata),
        foreign_(foreign),
        disk_(disk),
        report_(options.root) {}
  /// Whatever still runs on the pool refers to this.
  ~Adoption() {
    for (auto& scan : ahead_) scan.wait();
    if (blobs_.valid()) blobs_.wait();
  }
  Adoption(const Adoption&) = delete;
  Adoption& operator=(const Adoption&) = delete;

  Result<AdoptionCounts> run();

 private:
  template <class Work>
  auto on_pool(Work work);
  Result<> start(const oci::RepositoryName& name);
  Result<> finish_oldest();
  Result<> take(RepositoryScan scan);
  Result<> drop_vanished();
  template <class T>
  Result<T> wait(std::future<T>& future);
  Result<> undisturbed(std::optional<std::int64_t> changed_ns = std::nullopt);

  const AdoptionOptions& options_;
  meta::TreeMetadata& metadata_;
  ForeignWriter& foreign_;
  net::Blocking& disk_;
  AdoptionReport report_;
  AdoptionCounts counts_;
  std::int64_t started_ns_ = 0;
  std::atomic<std::uint64_t> files_ = 0;
  std::unordered_set<std::string> seen_;
  std::deque<std::future<RepositoryScan>> ahead_;
  std::future<BlobCount> blobs_;
  Progress* progress_ = nullptr;
};

/// A full queue only means that it is done here and now.
template <class Work>
auto Adoption::on_pool(Work work) {
  auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Work>()>>(std::move(work));
  auto future = task->get_future();
  if (!disk_.post([task] { (*task)(); })) (*task)();
  return future;
}

/// `changed_ns`: when a link was written, if that is after the start.
Result<> Adoption::undisturbed(std::optional<std::int64_t> changed_ns) {
  bool noticed = foreign_.noticed();
  if (!noticed && changed_ns) {
    // What lies in the future was written before the clock was set back, by whomever.
    const auto now = file_system_time(options_.folder);
    if (!now) return failure(now.error());
    noticed = *changed_ns <= *now;
  }
  if (!noticed) return {};
  return failure(Code::unavailable, ForeignWriter::advice(options_.root));
}

template <class T>
Result<T> Adoption::wait(std::future<T>& future) {
  while (future.wait_for(kPatience) != std::future_status::ready) {
    progress_->show(counts_.repositories, files_);
    if (auto alone = undisturbed(); !alone) return failure(std::move(alone).error());
  }
  return future.get();
}

Result<> Adoption::start(const oci::RepositoryName& name) {
  seen_.insert(name.text());
  auto known = metadata_.content(name.text());
  if (!known) return failure(std::move(known).error());
  ahead_.push_back(on_pool([this, name = oci::RepositoryName(name),
                            known = std::move(*known)]() mutable {
    return scan_repository(options_.folder, std::move(name), std::move(known), started_ns_, files_);
  }));
  return ahead_.size() < kAhead ? Result<>() : finish_oldest();
}

Result<> Adoption::finish_oldest() {
  auto scan = wait(ahead_.front());
  if (!scan) return failure(std::move(scan).error());
  ahead_.pop_front();
  return take(std::move(*scan));
}

Result<> Adoption::take(RepositoryScan scan) {
  if (scan.error) return failure(std::move(*scan.error));
  if (auto alone = undisturbed(scan.changed_ns); !alone) return alone;
  ++counts_.repositories;
  counts_.manifests += scan.manifests;
  counts_.tags += scan.tags;
  counts_.blob_links += scan.blobs;
  report_.add(scan.findings);
  progress_->show(counts_.repositories, files_);
  const std::uint64_t changed = size_of(scan.changes);
  counts_.changed += changed;
  return changed == 0 ? Result<>() : metadata_.adopt(scan.name, scan.changes);
}

/// Repositories of the metadata whose folders are no longer there.
Result<> Adoption::drop_vanished() {
  auto names = metadata_.repositories();
  if (!names) return failure(std::move(names).error());
  for (const auto& name : *names) {
    if (seen_.contains(name)) continue;
    auto parsed = oci::RepositoryName::parse(name);
    auto content = metadata_.content(name);
    if (!content) return failure(std::move(content).error());
    if (!parsed || content->empty()) continue;
    meta::RepositoryChanges changes;
    changes.gone = std::move(*content);
    counts_.changed += size_of(changes);
    if (auto dropped = metadata_.adopt(*parsed, changes); !dropped) return dropped;
  }
  return {};
}

Result<AdoptionCounts> Adoption::run() {
  const auto now = file_system_time(options_.folder);
  if (!now) return failure(now.error());
  started_ns_ = *now;
  auto found = find_repositories(options_.folder);
  if (!found) return failure(std::move(found).error());
  report_.add(found->findings);
  Progress progress(options_.first ? "Adopting the registry" : "Comparing the links",
                    found->names.size());
  progress_ = &progress;
  if (options_.first) {
    blobs_ = on_pool([this] { return count_blobs(options_.folder, files_); });
  }
  for (const auto& name : found->names) {
    if (auto started = start(name); !started) return failure(std::move(started).error());
  }
  while (!ahead_.empty()) {
    if (auto done = finish_oldest(); !done) return failure(std::move(done).error());
  }
  if (auto dropped = drop_vanished(); !dropped) return failure(std::move(dropped).error());
  if (options_.first) {
    auto blobs = wait(blobs_);
    if (!blobs) return failure(std::move(blobs).error());
    counts_.blobs = blobs->blobs;
    counts_.bytes = blobs->bytes;
    report_.add(blobs->findings);
  }
  if (auto alone = undisturbed(); !alone) return failure(std::move(alone).error());
  counts_.files = files_;
  counts_.seconds = progress.seconds();
  report_.finish(counts_, options_.first);
  return counts_;
}

}  // namespace

Result<AdoptionCounts> adopt_tree(const AdoptionOptions& options, meta::TreeMetadata& metadata,
                                  ForeignWriter& foreign, net::Blocking& disk) {
  return Adoption(options, metadata, foreign, disk).run();
}

}  // namespace moorgate::distribution
