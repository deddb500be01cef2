#pragma once

#include <functional>
#include <vector>

#include <arrow/result.h>

namespace CLI {
class App;
}

namespace lance::cli {

/// What a command line asked for: returns the exit code, or an error that main prints.
using Action = std::function<arrow::Result<int>()>;

/// One `lance <verb>`: adds its subcommand to `app`; when the user chose it, parsing sets `action`.
/// A new verb is a file in verbs/ and a line in verbs.cc.
struct Verb {
  void (*add)(CLI::App& app, Action& action);
};

/// All verbs in the order of the help.
const std::vector<Verb>& Verbs();

}  // namespace lance::cli
