#include "distribution/distribution_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "blob/file_io.hpp"
#include "blob/paths.hpp"
#include "distribution/adoption.hpp"
#include "distribution/link_export.hpp"
#include "distribution/link_writer.hpp"
#include "distribution/tree_paths.hpp"
#include "meta/tree_metadata.hpp"

namespace moorgate::distribution {
namespace {

using Mode = meta::LinksMode;

Result<UniqueFd> open_folder(const std::filesystem::path& root) {
  UniqueFd folder = blob::io::open_at(AT_FDCWD, root.native(), O_RDONLY | O_DIRECTORY);
  if (!folder) return failure(system_error(errno, "open the storage folder", root.native()));
  return folder;
}

bool has_links(int root) {
  struct stat status{};
  const std::string path(paths::kRepositories);
  return ::fstatat(root, path.c_str(), &status, 0) == 0 && S_ISDIR(status.st_mode);
}

/// One start's work on one tree.
class Opening {
 public:
  Opening(const std::filesystem::path& root, std::optional<bool> keep, net::Blocking& disk,
          UniqueFd folder, std::unique_ptr<meta::TreeMetadata> metadata)
      : root_(root),
        keep_(keep),
        disk_(disk),
        folder_(std::move(folder)),
        metadata_(std::move(metadata)),
        foreign_(std::make_unique<ForeignWriter>(root)) {}

  Result<DistributionTree> run();

 private:
  Result<bool> is_adoptable(Mode mode);
  Result<> adopt(bool first);
  Result<> bring_up_to_date();
  Result<> write_links(Mode mode);
  Result<std::unique_ptr<LinkWriter>> make_writer() const;

  const std::filesystem::path& root_;
  const std::optional<bool> keep_;
  net::Blocking& disk_;
  const UniqueFd folder_;
  const std::unique_ptr<meta::TreeMetadata> metadata_;
  std::unique_ptr<ForeignWriter> foreign_;
};

Result<std::unique_ptr<LinkWriter>> Opening::make_writer() const {
  auto folder = open_folder(root_);
  if (!folder) return failure(std::move(folder).error());
  return std::make_unique<LinkWriter>(std::move(*folder), disk_);
}

/// Metadata that never heard of the tree win over it; without any, the tree is all there is.
Result<bool> Opening::is_adoptable(Mode mode) {
  if (mode == Mode::adopting) return true;
  if (mode != Mode::none || !has_links(folder_.get())) return false;
  auto names = metadata_->repositories();
  if (!names) return failure(std::move(names).error());
  if (!names->empty() && !keep_.value_or(false)) {
    log::warning(
        "the storage folder also holds link files of Docker's registry, which Moorgate has neither "
        "made nor adopted; they are not served",
        {{"folder", (root_ / paths::kRepositories).native()}});
  }
  return names->empty();
}

Result<> Opening::adopt(bool first) {
  // Before the first change, so that what is half done is known as such, and journals nothing.
  if (auto set = metadata_->set_mode(Mode::adopting); !set) return set;
  const AdoptionOptions options{.root = root_, .folder = folder_.get(), .first = first};
  auto counts = adopt_tree(options, *metadata_, *foreign_, disk_);
  if (!counts) return failure(std::move(counts).error());
  return metadata_->set_mode(keep_.value_or(true) ? Mode::linked : Mode::unlinked);
}

/// The links were kept so far: first what the last process owes them, then what others did since.
Result<> Opening::bring_up_to_date() {
  auto changes = metadata_->journal();
  if (!changes) return failure(std::move(changes).error());
  if (!changes->empty()) {
    auto writer = make_writer();
    if (!writer) return failure(std::move(writer).error());
    if (auto done = (*writer)->replay(*changes); !done) return done;
    if (auto done = metadata_->forget_journal(); !done) return done;
  }
  auto names = metadata_->repositories();
  if (!names) return failure(std::move(names).error());
  if (has_links(folder_.get())) return adopt(false);
  if (names->empty()) return {};
  return failure(Code::internal,
                 "the links of Docker's registry that were kept in " +
                     (root_ / paths::kRepositories).string() +
                     " are gone, while the metadata know of repositories: restore that folder, or "
                     "go on without it by setting storage.filesystem.keep_distribution_links to "
                     "false");
}

Result<> Opening::write_links(Mode mode) {
  if (mode != Mode::exporting) {
    // They tell of another time, or of another registry's images: nothing that is there is lost.
    if (auto aside = put_links_aside(folder_.get(), root_); !aside) return aside;
    if (auto set = metadata_->set_mode(Mode::exporting); !set) return set;
  }
  auto writer = make_writer();
  if (!writer) return failure(std::move(writer).error());
  if (auto done = export_links(*metadata_, **writer); !done) return done;
  return metadata_->set_mode(Mode::linked);
}

Result<DistributionTree> Opening::run() {
  auto mode = metadata_->mode();
  if (!mode) return failure(std::move(mode).error());
  auto adoptable = is_adoptable(*mode);
  if (!adoptable) return failure(std::move(adoptable).error());
  const bool off = keep_.has_value() && !*keep_;
  Result<> done;
  if (*adoptable) {
    done = adopt(true);
  } else if (*mode == Mode::linked && !(off && !has_links(folder_.get()))) {
    done = bring_up_to_date();
  } else if (keep_.value_or(*mode == Mode::exporting)) {
    done = write_links(*mode);
  }
  if (done && off && *mode != Mode::none) done = metadata_->set_mode(Mode::unlinked);
  if (!done) return failure(std::move(done).error());
  mode = metadata_->mode();
  if (!mode) return failure(std::move(mode).error());
  DistributionTree tree{.links = nullptr, .foreign = std::move(foreign_)};
  if (*mode != Mode::linked) return tree;
  auto writer = make_writer();
  if (!writer) return failure(std::move(writer).error());
  tree.links = std::move(*writer);
  return tree;
}

}  // namespace

std::optional<bool> parse_keep_links(const config::Reader& filesystem) {
  bool keep = false;
  const bool given =
      filesystem.read("keep_distribution_links", keep,
                      "Whether to keep the link files of Docker's registry up to date, so that it "
                      "can serve the same folder again; without it they are kept in a folder that "
                      "was adopted from it");
  return given ? std::optional(keep) : std::nullopt;
}

Result<DistributionTree> open_tree(const std::filesystem::path& root,
                                   std::optional<bool> keep_links, net::Blocking& disk) {
  auto folder = open_folder(root);
  if (!folder) return failure(std::move(folder).error());
  auto metadata = meta::TreeMetadata::open(root / blob::paths::kMetadata);
  if (!metadata) return failure(std::move(metadata).error());
  return Opening(root, keep_links, disk, std::move(*folder), std::move(*metadata)).run();
}

}  // namespace moorgate::distribution
