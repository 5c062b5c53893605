#include "app/doctor_command.hpp"

#include <unistd.h>

#include <iostream>
#include <utility>

#include "base/secret.hpp"
#include "doctor/curl_probe.hpp"
#include "doctor/examination.hpp"
#include "doctor/report.hpp"
#include "oci/name.hpp"

namespace moorgate::app {
namespace {

constexpr int kNothingFound = 0;
constexpr int kFindings = 1;
constexpr int kCouldNotRun = 2;

int complain(const std::string& what) {
  std::cerr << "moorgate: " << what << '\n';
  return kCouldNotRun;
}

Result<std::optional<doctor::Account>> account_of(const DoctorArguments& arguments) {
  if (!arguments.user) return std::nullopt;
  if (!arguments.password_from_stdin) {
    return failure(Code::bad_request,
                   "--user needs the password on standard input: add --password-stdin");
  }
  std::string line;
  std::getline(std::cin, line);
  if (line.ends_with('\r')) line.pop_back();
  Secret password(std::move(line));
  if (password.empty()) return failure(Code::bad_request, "standard input holds no password");
  return doctor::Account{*arguments.user, std::move(password)};
}

Result<doctor::Order> order_of(const DoctorArguments& arguments) {
  auto door = doctor::Url::parse(arguments.url);
  if (!door) return failure(std::move(door).error());
  if (door->target() != "/" && door->target() != "/v2/") {
    return failure(Code::bad_request,
                   "a registry has no path of its own; write only " + door->origin().text());
  }
  auto account = account_of(arguments);
  if (!account) return failure(std::move(account).error());
  doctor::Order order{.door = std::move(*door), .account = std::move(*account)};
  order.patience = std::chrono::seconds(arguments.patience);
  order.plain_port = arguments.http_port;
  if (arguments.repository) {
    const auto name = oci::RepositoryName::parse(*arguments.repository);
    if (!name) return failure(name.error());
    order.repository = name->text();
    order.repository_named = true;
  }
  return order;
}

}  // namespace

int doctor_command(const DoctorArguments& arguments) {
  const auto order = order_of(arguments);
  if (!order) return complain(order.error().message);
  auto probe = doctor::CurlProbe::open(arguments.authority);
  if (!probe) return complain(probe.error().message);
  doctor::Progress progress;
  if (::isatty(STDERR_FILENO) == 1) {
    progress = [](std::string_view doing) { std::cerr << "  … " << doing << '\n'; };
  }
  const doctor::Report report = doctor::examine(**probe, *order, progress);
  if (!report.ran) return complain(report.notes.empty() ? "nobody answered" : report.notes.back());
  std::cout << (arguments.json ? doctor::render_json(*order, report)
                               : doctor::render_text(*order, report))
            << std::flush;
  return report.findings.empty() ? kNothingFound : kFindings;
}

}  // namespace moorgate::app
