#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "distribution/repository_scan.hpp"

namespace moorgate::distribution {

/// What a walk over the tree found, in numbers.
struct AdoptionCounts {
  std::uint64_t repositories = 0;
  std::uint64_t manifests = 0;
  std::uint64_t tags = 0;
  std::uint64_t blob_links = 0;
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
  /// Of the findings, by kind.
  std::uint64_t unusable = 0;
  std::uint64_t incomplete = 0;
  std::uint64_t left_alone = 0;
  /// Links that the metadata had otherwise.
  std::uint64_t changed = 0;
  double seconds = 0;
};

/// Collects findings: all of them in a file, a few in memory for the log.
class AdoptionReport {
 public:
  /// In the file, relative to the storage root.
  static constexpr const char* kFile = ".moorgate/adoption-report.txt";

  /// Begins the file anew. Without it the report goes on, in the log alone.
  explicit AdoptionReport(const std::filesystem::path& root);

  void add(const Finding& finding);
  void add(const std::vector<Finding>& findings) {
    for (const auto& finding : findings) add(finding);
  }
  /// Ends the file with the numbers, and writes the log's lines. A `first` adoption names what is
  /// unusable; later walks only count it.
  void finish(AdoptionCounts& counts, bool first);

 private:
  std::ofstream file_;
  std::vector<Finding> shown_;
  std::uint64_t unusable_ = 0;
  std::uint64_t incomplete_ = 0;
  std::uint64_t left_alone_ = 0;
};

}  // namespace moorgate::distribution
