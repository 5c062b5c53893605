#include "config/reference.hpp"

#include <gtest/gtest.h>

namespace moorgate::config {
namespace {

TEST(Reference, BecomesOneTablePerSection) {
  const Reference reference = {
      {.path = "public_url", .type = "text", .doc = "where clients | reach us"},
      {.path = "listen", .type = "list of sections", .doc = "Sockets", .shorthand = "address"},
      {.path = "listen[].address", .type = "text", .doc = "host:port", .required = true},
      {.path = "tls", .type = "section", .doc = "The certificate."},
      {.path = "tls.reload",
       .type = "duration",
       .default_value = "1m",
       .doc = "how often to look",
       .limits = "at least 1s"},
      {.path = "empty", .type = "section", .doc = "nothing in it"},
  };
  EXPECT_EQ(render_reference(reference), R"(| Key | Type | Default | Meaning |
|---|---|---|---|
| `public_url` | text |  | where clients \| reach us |
| `listen` | [list of sections](#listen) |  | Sockets |
| `tls` | [section](#tls) |  | The certificate. |
| `empty` | section |  | nothing in it |

## `listen[]`

Sockets. A plain value stands for `address`.

| Key | Type | Default | Meaning |
|---|---|---|---|
| `address` | text | required | host:port |

## `tls`

The certificate.

| Key | Type | Default | Meaning |
|---|---|---|---|
| `reload` | duration | `1m` | how often to look (at least 1s) |
)");
}

}  // namespace
}  // namespace moorgate::config
