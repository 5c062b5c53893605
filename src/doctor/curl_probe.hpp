#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "doctor/http_probe.hpp"

namespace moorgate::doctor {

class CurlLibrary;

/// The real probe: libcurl. Uses no proxy of the environment, no netrc file, follows no redirect.
class CurlProbe final : public HttpProbe {
 public:
  /// `authority`: a PEM file to believe instead of the system's. `unavailable` without libcurl.
  static Result<std::unique_ptr<CurlProbe>> open(std::optional<std::filesystem::path> authority);
  ~CurlProbe() override;

  Answer ask(const Ask& ask) override;
  void trust_anybody() override;
  void wait(std::chrono::milliseconds time) override;

 private:
  struct Transfer;
  explicit CurlProbe(std::unique_ptr<CurlLibrary> library,
                     std::optional<std::filesystem::path> authority);

  std::unique_ptr<CurlLibrary> library_;
  std::optional<std::filesystem::path> authority_;
  bool trusting_ = false;
};

}  // namespace moorgate::doctor
