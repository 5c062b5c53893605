// Any text is either a configuration that cannot be read, with a reason, or one that becomes YAML
// which can be read again; no file but the one in memory is ever opened.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/yaml.hpp"
#include "migrate/import.hpp"

namespace {

using moorgate::Result;

void require(bool holds) {
  if (!holds) std::abort();
}

class OneFile final : public moorgate::migrate::Files {
 public:
  explicit OneFile(std::string text) : text_(std::move(text)) {}

  Result<std::string> read(const std::filesystem::path& file, std::size_t limit) override {
    if (file == "/etc/nginx/users") return "alice:x\nbob:y\n";
    if (file != "/etc/nginx/nginx.conf" || text_.size() > limit) {
      return moorgate::failure(moorgate::Code::internal, "no such file");
    }
    return text_;
  }
  std::vector<std::filesystem::path> glob(const std::string& /*pattern*/) override { return {}; }

 private:
  std::string text_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  OneFile files(std::string(reinterpret_cast<const char*>(data), size));
  moorgate::migrate::ImportRequest request;
  request.nginx = "/etc/nginx/nginx.conf";
  const auto imported = import_configuration(files, request);
  require(imported.problems.empty() != imported.yaml.empty());
  for (const auto& problem : imported.problems) require(!problem.message.empty());
  if (imported.problems.empty()) {
    const auto yaml = moorgate::config::parse_yaml(imported.yaml, "moorgate.yml",
                                                   {.bytes = 64U << 20U, .depth = 64});
    require(!yaml.broken || !yaml.problems.front().message.starts_with("not valid YAML"));
    require(!render_report(imported).empty());
  }
  return 0;
}
