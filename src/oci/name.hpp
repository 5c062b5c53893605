#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"
#include "oci/digest.hpp"

namespace moorgate::oci {

/// A repository's name (distribution spec, "Pulling manifests": <name>), at most 255 characters.
class RepositoryName {
 public:
  static Result<RepositoryName> parse(std::string_view text);
  const std::string& text() const noexcept { return text_; }
  auto operator<=>(const RepositoryName&) const = default;

 private:
  explicit RepositoryName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// A tag: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}.
class Tag {
 public:
  static Result<Tag> parse(std::string_view text);
  const std::string& text() const noexcept { return text_; }
  auto operator<=>(const Tag&) const = default;

 private:
  explicit Tag(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// What stands after /manifests/: a digest if it holds a colon, else a tag.
class Reference {
 public:
  static Result<Reference> parse(std::string_view text);
  explicit Reference(Tag tag) : value_(std::move(tag)) {}
  explicit Reference(Digest digest) : value_(std::move(digest)) {}

  const Tag* tag() const noexcept { return std::get_if<Tag>(&value_); }
  const Digest* digest() const noexcept { return std::get_if<Digest>(&value_); }
  const std::string& text() const noexcept;

 private:
  std::variant<Tag, Digest> value_;
};

/// The tag under which clients keep a referrers index for registries without the referrers API.
Tag fallback_tag(const Digest& subject);

}  // namespace moorgate::oci
