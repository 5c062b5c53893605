#include "migrate/moorgate_yaml.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace moorgate::migrate {
namespace {

constexpr std::size_t kCommentColumn = 64;

/// A name of somebody else's in a comment must not end it.
std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text;
}

class Writer {
 public:
  void line(std::string text, std::string comment = {}) {
    lines_.push_back({std::move(text), one_line(std::move(comment))});
  }
  void line(std::string text, const Place& from) {
    line(std::move(text), from.file.empty() ? std::string() : to_string(from));
  }

  Rendered finish() const {
    std::size_t widest = 0;
    std::size_t settings = 0;
    for (const auto& [text, comment] : lines_) {
      if (!comment.empty() && text.size() <= kCommentColumn) widest = std::max(widest, text.size());
    }
    std::string out;
    for (const auto& [text, comment] : lines_) {
      out += text;
      if (!comment.empty()) {
        ++settings;
        out.append(text.size() < widest ? widest - text.size() : 0, ' ');
        out += "  # " + comment;
      }
      out += '\n';
    }
    return {std::move(out), settings};
  }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

void setting(Writer& out, const std::string& indent, const std::string& key, const Setting& value) {
  out.line(indent + key + ": " + yaml_scalar(value.value), value.from);
}

std::string flow_list(const std::vector<std::string>& items) {
  std::string text = "[";
  for (const auto& item : items) text += (text.size() > 1 ? ", " : "") + yaml_scalar(item);
  return text + "]";
}

void write_listen(const Plan& plan, Writer& out) {
  if (plan.listen.empty()) return;
  out.line("listen:");
  for (const auto& listen : plan.listen) {
    out.line("  - address: " + yaml_scalar(listen.address), listen.from);
    if (!listen.tls) out.line("    tls: off", listen.from);
    if (listen.proxy_protocol) out.line("    proxy_protocol: yes", listen.from);
    if (listen.open_to_local_users) {
      out.line("    open_to_local_users: yes", to_string(listen.from) +
                                                   ", where any user of the machine gets in; "
                                                   "a Unix socket would keep them out");
    }
  }
}

void write_certificates(const Plan& plan, Writer& out) {
  if (plan.certificates.empty()) return;
  out.line("tls:");
  const auto& first = plan.certificates.front();
  setting(out, "  ", "certificate", {first.certificate, first.from});
  setting(out, "  ", "key", {first.key, first.key_from});
  if (plan.certificates.size() == 1) return;
  out.line("  certificates:");
  for (std::size_t i = 1; i < plan.certificates.size(); ++i) {
    const auto& pair = plan.certificates[i];
    setting(out, "    - ", "certificate", {pair.certificate, pair.from});
    setting(out, "      ", "key", {pair.key, pair.key_from});
  }
}

void write_users(const Plan& plan, Writer& out) {
  if (plan.no_sign_in) {
    out.line("sign_in: no", to_string(*plan.no_sign_in) + " asks nobody for a password");
  }
  if (plan.users.empty()) return;
  out.line("users:");
  for (const auto& file : plan.users) {
    setting(out, "  - ", "htpasswd", file);
    if (plan.bcrypt_only.contains(file.value)) {
      out.line("    bcrypt_only: yes", "the registry took no other hash");
    }
  }
}

void write_groups(const Plan& plan, Writer& out) {
  if (plan.groups.empty()) return;
  out.line("groups:");
  for (const auto& group : plan.groups) {
    out.line("  # " + one_line(group.note));
    out.line("  " + yaml_scalar(group.name) + ": " + flow_list(group.members), group.from);
  }
}

std::string action_list(access::Actions actions) {
  return "[" + to_string(actions) + "]";
}

void write_rules(const Plan& plan, Writer& out) {
  if (plan.rules.empty()) {
    out.line("access: []");
    return;
  }
  out.line("access:");
  for (const auto& [rule, from] : plan.rules) {
    const std::string where = rule.repositories.size() == 1 ? yaml_scalar(rule.repositories.front())
                                                            : flow_list(rule.repositories);
    std::string text =
        "  - { who: " + yaml_scalar(to_string(rule.who)) + ", repositories: " + where;
    if (!rule.allow.empty()) text += ", allow: " + action_list(rule.allow);
    if (!rule.deny.empty()) text += ", deny: " + action_list(rule.deny);
    out.line(text + " }", from);
  }
  for (const auto& line : plan.tighter) out.line("  # " + one_line(line));
}

void write_trust(const Plan& plan, Writer& out) {
  if (plan.trusted.empty()) return;
  out.line("trusted_proxies:");
  out.line("  from:");
  for (const auto& network : plan.trusted)
    out.line("    - " + yaml_scalar(network.value), network.from);
  if (plan.trusted_unsafe) out.line("  unsafe: yes", "every client may claim any address");
}

void write_storage(const Plan& plan, Writer& out) {
  if (plan.upstream) setting(out, "", "upstream", *plan.upstream);
  if (!plan.root && !plan.upload_expiry) return;
  if (plan.upstream) return;
  out.line("storage:");
  if (plan.root) {
    out.line("  filesystem:");
    setting(out, "    ", "root", *plan.root);
    out.line("    keep_distribution_links: yes", "the way back to the old registry stays open");
  }
  if (plan.upload_expiry) setting(out, "  ", "upload_expiry", *plan.upload_expiry);
}

void write_others(const Plan& plan, Writer& out) {
  std::vector<std::string> sections;
  for (const auto& other : plan.others) {
    if (other.section.empty()) setting(out, "", other.key, other.setting);
    const bool known = std::ranges::find(sections, other.section) != sections.end();
    if (!other.section.empty() && !known) sections.push_back(other.section);
  }
  for (const auto& section : sections) {
    out.line(section + ":");
    for (const auto& other : plan.others) {
      if (other.section == section) setting(out, "  ", other.key, other.setting);
    }
  }
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-:@+";
  constexpr std::array<std::string_view, 10> kWords = {"true", "false", "yes", "no",  "on",
                                                       "off",  "null",  "~",   "Yes", "No"};
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos &&
                     !std::string_view("-:@+").contains(text.front()) && !text.ends_with(':') &&
                     std::ranges::find(kWords, text) == kWords.end();
  // In flow style a colon is better not left to the parser.
  if (plain && !(text.contains(':') && text.starts_with("group"))) return std::string(text);
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + '"';
}

Rendered render_yaml(const Plan& plan) {
  Writer out;
  if (plan.public_url) setting(out, "", "public_url", *plan.public_url);
  if (plan.realm) setting(out, "", "realm", *plan.realm);
  write_listen(plan, out);
  write_certificates(plan, out);
  write_users(plan, out);
  write_groups(plan, out);
  write_rules(plan, out);
  write_trust(plan, out);
  write_storage(plan, out);
  write_others(plan, out);
  return out.finish();
}

}  // namespace moorgate::migrate
