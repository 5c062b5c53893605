#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "doctor/http_probe.hpp"

namespace moorgate::doctor {

/// The real probe: libcurl, which is loaded here and nowhere else. Linking it would cost every
/// `serve` 1.4 MiB of resident memory for libraries that it never calls. Uses no proxy of the
/// environment, no netrc file, follows no redirect.
class CurlProbe final : public HttpProbe {
 public:
  /// `authority`: a PEM file to believe instead of the system's. `unavailable` without libcurl.
  static Result<std::unique_ptr<CurlProbe>> open(std::optional<std::filesystem::path> authority);
  ~CurlProbe() override;

  Answer ask(const Ask& ask) override;
  void trust_anybody() override;
  void wait(std::chrono::milliseconds time) override;

 private:
  struct Library;
  struct Transfer;
  explicit CurlProbe(std::unique_ptr<Library> library,
                     std::optional<std::filesystem::path> authority);

  std::unique_ptr<Library> library_;
  std::optional<std::filesystem::path> authority_;
  bool trusting_ = false;
};

}  // namespace moorgate::doctor
