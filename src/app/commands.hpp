#pragma once

namespace moorgate::app {

/// The command line: `moorgate serve`, `check`, `htpasswd`, `explain`, `who-can`, `uploads`,
/// `doctor`, `config-reference`, `version`. Answers the exit code: 0 done, 1 refused or denied,
/// 2 wrong use.
int run_command_line(int argc, const char* const* argv);

}  // namespace moorgate::app
