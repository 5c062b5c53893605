#include "doctor/report.hpp"

#include <algorithm>
#include <map>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.hpp"
#include "doctor/advice.hpp"

namespace moorgate::doctor {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxEvidence = 8;

struct Group {
  Ailment ailment = {};
  std::vector<std::string> evidence;
};

/// Each ailment once, holes first.
std::vector<Group> grouped(const Findings& findings) {
  std::map<std::pair<bool, Ailment>, Group> by_weight;
  for (const auto& finding : findings) {
    Group& group = by_weight[{!advice_for(finding.ailment).hole, finding.ailment}];
    group.ailment = finding.ailment;
    if (group.evidence.size() < kMaxEvidence &&
        std::ranges::find(group.evidence, finding.evidence) == group.evidence.end()) {
      group.evidence.push_back(finding.evidence);
    }
  }
  std::vector<Group> groups;
  groups.reserve(by_weight.size());
  for (auto& [weight, group] : by_weight) groups.push_back(std::move(group));
  return groups;
}

/// The products to tell of: all, or the one that names itself.
std::vector<Product> products_of(const std::string& server) {
  for (const auto& [word, product] :
       {std::pair{"nginx", Product::nginx}, std::pair{"awselb", Product::elb}}) {
    if (server.contains(word)) return {product};
  }
  return {kProducts.begin(), kProducts.end()};
}

std::string padded(std::string_view text) {
  constexpr std::size_t kWidth = 12;
  std::string out(text);
  out.resize(std::max(kWidth, out.size() + 1), ' ');
  return out;
}

void append(std::string& out, const Group& group, const std::vector<Product>& products) {
  const Advice& advice = advice_for(group.ailment);
  out += std::string(advice.hole ? "HOLE " : "") + std::string(advice.name) + ": " +
         std::string(advice.title) + '\n';
  for (const auto& seen : group.evidence) out += "  " + padded("seen") + seen + '\n';
  out += "  " + padded("breaks") + std::string(advice.breaks) + '\n';
  for (const Product product : products) {
    out += "  " + padded(name_of(product)) +
           std::string(advice.lines[static_cast<std::size_t>(product)]) + '\n';
  }
  out += '\n';
}

}  // namespace

std::string render_text(const Order& order, const Report& report) {
  const auto groups = grouped(report.findings);
  std::string out;
  for (const auto& group : groups) append(out, group, products_of(report.server));
  for (const auto& note : report.notes) out += "note: " + note + '\n';
  if (!report.ran) return out;
  const std::string door = order.door.origin().text();
  if (groups.empty()) return out + door + ": nothing found\n";
  return out + door + ": " + std::to_string(groups.size()) +
         (groups.size() == 1 ? " finding\n" : " findings\n");
}

std::string render_json(const Order& order, const Report& report) {
  json::array findings;
  for (const auto& group : grouped(report.findings)) {
    const Advice& advice = advice_for(group.ailment);
    json::object lines;
    for (const Product product : kProducts) {
      lines[name_of(product)] = advice.lines[static_cast<std::size_t>(product)];
    }
    findings.push_back(
        json::object{{"name", advice.name},
                     {"hole", advice.hole},
                     {"title", advice.title},
                     {"evidence", json::array(group.evidence.begin(), group.evidence.end())},
                     {"breaks", advice.breaks},
                     {"lines", std::move(lines)}});
  }
  const json::object out{{"url", order.door.origin().text()},
                         {"findings", std::move(findings)},
                         {"notes", json::array(report.notes.begin(), report.notes.end())}};
  return json::serialize(out) + '\n';
}

}  // namespace moorgate::doctor
