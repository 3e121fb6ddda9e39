// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cli/line_reader.h"
#include "runtime/cli/transform_explain.h"
#include "runtime/script/workshop/stepper.h"

namespace sluice::cli {

// A conversation about one script and one record at a time: commands begin with ':', everything
// else is Lua in the scope of the script, with the record as `r`. Answers are text; where they go
// and where the lines come from is the caller's matter. Not thread-safe.
class Repl {
 public:
  // Asks for a line; false: no more.
  using Ask = std::function<bool(const std::string& prompt, std::string* line)>;
  using Say = std::function<void(const std::string& text)>;

  Repl(std::string script, bool colour, Ask ask, Say say);

  // Loads the script, and the first record of `file` unless that is empty. Errors: as of the files.
  Status open(const std::string& file);
  // Until the input or the user ends it. 1 if the last command failed, for use in scripts.
  int loop();
  // What may follow `word`.
  [[nodiscard]] std::vector<std::string> complete(std::string_view word) const;

 private:
  struct Command {
    const char* name;
    const char* arguments;
    const char* what;
    bool (Repl::*run)(const std::string& argument);
  };
  static const std::vector<Command>& commands();

  bool handle(const std::string& line);
  bool help(const std::string& argument);
  bool load(const std::string& argument);
  bool next(const std::string& argument);
  bool record(const std::string& argument);
  bool show(const std::string& argument);
  bool run(const std::string& argument);
  bool step(const std::string& argument);
  bool reload(const std::string& argument);
  bool list(const std::string& argument);
  bool quit(const std::string& argument);

  Status load_script();
  bool fail(const std::string& text);
  bool has_record();
  bool use_record(std::string text);
  bool transform(const std::function<workshop::Step(const workshop::Stop&)>* ask);
  workshop::Step stand(const workshop::Stop& stop);
  bool evaluate(const std::string& line);
  bool assign(const std::string& line);
  [[nodiscard]] Result<std::shared_ptr<const Script>> with_transform(const std::string& body) const;
  // Runs another script on the record as it is; false: it was rejected, which was said.
  bool answer_of(const std::shared_ptr<const Script>& script, std::string* json);
  [[nodiscard]] std::string source_line(const std::string& file, int line) const;

  const std::string path_;
  const Ask ask_;
  const Say say_;
  const bool colour_;
  ScriptLimits limits_;
  std::string text_;
  std::unique_ptr<ScriptRunner> runner_;
  std::unique_ptr<LineReader> reader_;
  std::string file_;
  std::string record_;
  uint64_t line_ = 0;  // of the record in its file
  bool done_ = false;
  Document document_;
  Document before_;
  Arena arena_;
  std::vector<ScriptPart> parts_;
  Explainer explain_;
};

}  // namespace sluice::cli
