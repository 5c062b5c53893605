#include "distribution/adoption_report.hpp"

#include <string_view>

#include "base/log.hpp"
#include "base/text.hpp"

namespace moorgate::distribution {
namespace {

/// Findings named in the log.
constexpr std::size_t kShown = 20;
/// Of a path in the report; file names may hold anything.
constexpr std::size_t kPathLimit = 1024;

std::string_view to_string(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::unusable:
      return "unusable";
    case Finding::Kind::incomplete:
      return "incomplete";
    case Finding::Kind::left_alone:
      return "left alone";
  }
  return {};
}

std::int64_t number(std::uint64_t count) {
  return static_cast<std::int64_t>(count);
}

}  // namespace

AdoptionReport::AdoptionReport(const std::filesystem::path& root)
    : file_(root / kFile, std::ios::trunc) {
  file_
      << "# What Moorgate found in docker/registry/v2 that it does not serve as it stands. Nothing "
         "was changed.\n"
         "# unusable: not served. incomplete: served, but something that it names is missing. "
         "left alone: no content.\n";
}

void AdoptionReport::add(const Finding& finding) {
  file_ << to_string(finding.kind) << "  " << quoted(finding.path, kPathLimit) << "  "
        << finding.reason << '\n';
  switch (finding.kind) {
    case Finding::Kind::unusable:
      ++unusable_;
      break;
    case Finding::Kind::incomplete:
      ++incomplete_;
      break;
    case Finding::Kind::left_alone:
      ++left_alone_;
      return;
  }
  if (shown_.size() < kShown) shown_.push_back(finding);
}

void AdoptionReport::finish(AdoptionCounts& counts, bool first) {
  counts.unusable = unusable_;
  counts.incomplete = incomplete_;
  counts.left_alone = left_alone_;
  file_ << "# " << counts.repositories << " repositories, " << counts.manifests << " manifests, "
        << counts.tags << " tags, " << counts.blob_links << " blob links; " << unusable_
        << " unusable, " << incomplete_ << " incomplete, " << left_alone_ << " left alone\n";
  file_.close();
  if (first) {
    for (const auto& finding : shown_) {
      log::warning("found in the adopted tree", {{"kind", to_string(finding.kind)},
                                                 {"path", std::string_view(finding.path)},
                                                 {"reason", std::string_view(finding.reason)}});
    }
  }
  log::info(first ? "the registry found here was adopted in place"
                  : "Distribution's links were compared with the metadata",
            {{"repositories", number(counts.repositories)},
             {"manifests", number(counts.manifests)},
             {"tags", number(counts.tags)},
             {"blob_links", number(counts.blob_links)},
             {"blobs", number(counts.blobs)},
             {"bytes", number(counts.bytes)},
             {"changed", number(counts.changed)},
             {"unusable", number(unusable_)},
             {"incomplete", number(incomplete_)},
             {"left_alone", number(left_alone_)},
             {"files", number(counts.files)},
             {"seconds", counts.seconds},
             {"report", std::string_view(kFile)}});
}

}  // namespace moorgate::distribution
