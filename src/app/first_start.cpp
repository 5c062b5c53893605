#include "app/first_start.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "auth/htpasswd_file.hpp"
#include "auth/password_hash.hpp"
#include "base/unique_fd.hpp"
#include "blob/paths.hpp"
#include "crypto/random.hpp"
#include "crypto/self_signed.hpp"

namespace moorgate::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAdmin = "admin";

Result<> write_private_file(const fs::path& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) return failure(system_error(errno, "create a file", path.native()));
  while (!text.empty()) {
    const ssize_t count = ::write(fd.get(), text.data(), text.size());
    if (count < 0) return failure(system_error(errno, "write a file", path.native()));
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fsync(fd.get()) != 0) return failure(system_error(errno, "write a file", path.native()));
  return {};
}

std::vector<std::string> own_names() {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') {
    names.emplace_back(host.data());
  }
  return names;
}

Result<> make_certificate(const fs::path& folder, AppConfig& config, FirstStart& first) {
  const net::TlsContext::Files files{folder / "certificate.pem", folder / "key.pem"};
  config.certificates = {files};
  if (fs::exists(files.certificate) && fs::exists(files.key)) return {};
  const auto made = crypto::make_self_signed(own_names());
  if (auto written = write_private_file(files.key, made.key); !written) return written;
  first.certificate_made = true;
  return write_private_file(files.certificate, made.certificate);
}

Result<> make_admin(const fs::path& file, AppConfig& config, FirstStart& first) {
  config.users.htpasswd = {{.file = file}};
  config.admin_was_generated = true;
  first.admin_file = file;
  if (fs::exists(file)) return {};
  const std::string password = crypto::random_password();
  auto hash = auth::make_bcrypt(password);
  if (!hash) return failure(std::move(hash).error());
  std::string text;
  auth::set_user(text, kAdmin, *hash);
  if (auto written = auth::write_htpasswd_text(file, text); !written) return written;
  first.admin_password = password;
  return {};
}

}  // namespace

Result<FirstStart> complete_with_defaults(AppConfig& config) {
  FirstStart first;
  const fs::path folder = fs::absolute(config.storage.root) / blob::paths::kDefaults;
  const bool wants_certificate = config.needs_tls() && config.certificates.empty();
  const bool wants_admin = config.generated_admin();
  if (!wants_certificate && !wants_admin) return first;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return failure(Code::internal, "cannot create " + folder.string() + ": " + error.message());
  }
  fs::permissions(folder, fs::perms::owner_all, error);
  if (wants_certificate) {
    if (auto made = make_certificate(folder, config, first); !made) {
      return failure(std::move(made).error());
    }
  }
  if (wants_admin) {
    if (auto made = make_admin(folder / "admin.htpasswd", config, first); !made) {
      return failure(std::move(made).error());
    }
  }
  return first;
}

}  // namespace moorgate::app
