// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/transform_repl.h"

#include <algorithm>
#include <filesystem>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/cli/exit_code.h"
#include "runtime/cli/terminal.h"
#include "runtime/record/pointer.h"

namespace sluice::cli {
namespace {

constexpr size_t kLongestRecord = 16U << 20U;
constexpr uint64_t kLargestScript = 4U << 20U;
constexpr ParseLimits kRecordLimits{kLongestRecord, 128};
constexpr char kNoRecord[] =
    "there is no record yet; :load FILE reads the first of a file, :record JSON takes one";

std::string trim(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

RecordMeta meta_of(const std::string& file, uint64_t line) {
  RecordMeta meta;
  meta.source = "repl";
  meta.lane = file;
  meta.position = line;
  return meta;
}

}  // namespace

Repl::Repl(std::string script, bool colour, Ask ask, Say say)
    : path_(std::move(script)),
      ask_(std::move(ask)),
      say_(std::move(say)),
      colour_(colour),
      explain_(false, colour) {
  constexpr int64_t kHour = 3600LL * 1'000'000;
  limits_.wall_us = kHour;  // somebody thinks between two lines; the other caps stay
}

const std::vector<Repl::Command>& Repl::commands() {
  static const std::vector<Command> all = {
      {":help", "", "this list", &Repl::help},
      {":load", "FILE", "open a file of JSON Lines and take its first record", &Repl::load},
      {":next", "", "take the next record of the file", &Repl::next},
      {":record", "JSON", "take this record", &Repl::record},
      {":show", "[POINTER]", "the record, or a part of it (/items/0)", &Repl::show},
      {":run", "", "transform the record and say what changed", &Repl::run},
      {":step", "", "transform it line by line", &Repl::step},
      {":list", "", "the script, with line numbers", &Repl::list},
      {":reload", "", "read the script again", &Repl::reload},
      {":quit", "", "end (or Ctrl-D)", &Repl::quit},
  };
  return all;
}

bool Repl::fail(const std::string& text) {
  say_((colour_ ? "\x1b[31merror\x1b[0m: " : "error: ") + text + "\n");
  return false;
}

Status Repl::load_script() {
  SLUICE_ASSIGN_OR_RETURN(std::string text, read_file(path_, kLargestScript));
  SLUICE_ASSIGN_OR_RETURN(const auto script, workshop::load_script(path_, limits_));
  SLUICE_ASSIGN_OR_RETURN(runner_, ScriptRunner::create(script));
  text_ = std::move(text);
  return Status::ok();
}

Status Repl::open(const std::string& file) {
  SLUICE_RETURN_IF_ERROR(load_script());
  if (file.empty()) return Status::ok();
  SLUICE_ASSIGN_OR_RETURN(auto reader, LineReader::open(file, kLongestRecord));
  reader_ = std::make_unique<LineReader>(std::move(reader));
  file_ = file;
  next({});
  return Status::ok();
}

int Repl::loop() {
  bool good = true;
  std::string line;
  const std::string prompt = std::filesystem::path(path_).stem().string() + "> ";
  while (!done_ && ask_(prompt, &line)) {
    line = trim(line);
    if (!line.empty()) good = handle(line);
  }
  return good ? kExitOk : kExitNo;
}

bool Repl::handle(const std::string& line) {
  if (!line.starts_with(':')) return evaluate(line);
  const std::string name = line.substr(0, line.find_first_of(" \t"));
  const std::string argument = trim(line.substr(name.size()));
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (name == command.name) return (this->*command.run)(argument);
    names.emplace_back(command.name);
  }
  const auto near = did_you_mean(name, names);
  return fail("there is no command " + shorten(name, 40) +
              (near ? "; did you mean " + *near + "?" : "; :help lists them"));
}

bool Repl::help(const std::string& /*argument*/) {
  std::vector<std::vector<std::string>> rows;
  for (const Command& command : commands()) {
    rows.push_back(
        {command.name + std::string(*command.arguments != 0 ? " " : "") + command.arguments,
         command.what});
  }
  rows.push_back({"anything else",
                  "Lua: r is the record, meta its origin, and the script's own "
                  "locals are in sight"});
  say_(format_table(rows));
  return true;
}

bool Repl::use_record(std::string text) {
  const ParseResult parsed = document_.parse(text, kRecordLimits);
  if (!parsed) {
    return fail(std::string("not JSON that Sluice reads: ") + parsed.message + " at byte " +
                std::to_string(parsed.offset));
  }
  record_ = std::move(text);
  return true;
}

bool Repl::load(const std::string& argument) {
  if (argument.empty()) return fail(":load FILE: expected the name of a file");
  auto reader = LineReader::open(argument, kLongestRecord);
  if (!reader) return fail(reader.status().message());
  reader_ = std::make_unique<LineReader>(std::move(*reader));
  file_ = argument;
  return next({});
}

bool Repl::next(const std::string& /*argument*/) {
  if (!reader_) return fail("no file is open; :load FILE opens one");
  std::string_view line;
  for (;;) {
    const auto more = reader_->next(&line);
    if (!more) return fail(more.status().message());
    if (!*more) return fail(file_ + " has no more records");
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    line_ = reader_->number();
    if (reader_->too_long()) return fail("the line is longer than 16 MiB");
    return use_record(std::string(line)) && show({});
  }
}

bool Repl::record(const std::string& argument) {
  line_ = 0;
  return use_record(argument);
}

bool Repl::has_record() { return !record_.empty() || fail(kNoRecord); }

bool Repl::show(const std::string& argument) {
  if (!has_record()) return false;
  if (argument.empty()) {
    say_((line_ > 0 ? "line " + std::to_string(line_) + ": " : "") + record_ + "\n");
    return true;
  }
  const auto pointer = JsonPointer::parse(argument);
  if (!pointer) return fail(pointer.status().message());
  if (!before_.parse(record_, kRecordLimits)) return fail(kNoRecord);
  const NodeIndex found = pointer->find(before_);
  if (found == kNoNode) return fail("the record has nothing at " + argument);
  say_(std::string(before_.json(found)) + "\n");
  return true;
}

bool Repl::run(const std::string& /*argument*/) { return has_record() && transform(nullptr); }

bool Repl::step(const std::string& /*argument*/) {
  if (!has_record()) return false;
  say_("Enter: next line; c: run on; l: locals; a name (r.items[1]): its value\n");
  const std::function<workshop::Step(const workshop::Stop&)> ask =
      [this](const workshop::Stop& stop) { return stand(stop); };
  return transform(&ask);
}

bool Repl::transform(const std::function<workshop::Step(const workshop::Stop&)>* ask) {
  if (!document_.parse(record_, kRecordLimits)) return fail(kNoRecord);
  const RecordMeta meta = meta_of(file_, line_);
  arena_.reset();
  parts_.clear();
  const ScriptResult result =
      ask == nullptr ? runner_->run(document_, meta, arena_, parts_)
                     : workshop::step_through(*runner_, document_, meta, arena_, parts_, *ask);
  if (result.outcome == ScriptOutcome::kRejected) {
    say_(explain_.rejected(line_, workshop::rejection_of(result)));
    return false;
  }
  if (result.outcome == ScriptOutcome::kFiltered) {
    say_(explain_.filtered(line_, result.detail));
    return true;
  }
  if (!before_.parse(record_, kRecordLimits)) return fail(kNoRecord);
  for (size_t i = 0; i < parts_.size(); ++i) {
    say_(explain_.part(line_, before_, parts_[i], i + 1, parts_.size()));
    say_("  = " + std::string(parts_[i].value) + "\n");
  }
  return true;
}

workshop::Step Repl::stand(const workshop::Stop& stop) {
  const std::string file = stop.file();
  say_(file + ":" + std::to_string(stop.line()) + ": " + source_line(file, stop.line()) + "\n");
  std::string line;
  while (ask_("step> ", &line)) {
    line = trim(line);
    if (line.empty()) return workshop::Step::kNextLine;
    if (line == "c") return workshop::Step::kRunOn;
    if (line == "l") {
      for (const auto& [name, value] : stop.locals()) say_("  " + name + " = " + value + "\n");
    } else {
      say_("  " + line + " = " + stop.look(line) + "\n");
    }
  }
  return workshop::Step::kRunOn;
}

std::string Repl::source_line(const std::string& file, int line) const {
  std::string text = text_;
  if (file.starts_with("lib.")) {
    const auto path = workshop::library_root_of(path_) / "lib" / (file.substr(4) + ".lua");
    auto read = read_file(path, kLargestScript);
    text = read ? std::move(*read) : std::string();
  }
  size_t at = 0;
  for (int i = 1; i < line && at < text.size(); ++i) {
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  }
  return text.substr(at, text.find('\n', at) - at);
}

bool Repl::reload(const std::string& /*argument*/) {
  if (const Status loaded = load_script(); !loaded) {
    return fail(loaded.message() + "\n  (the script as it was before stays in use)");
  }
  say_("loaded " + path_ + "\n");
  return true;
}

bool Repl::list(const std::string& /*argument*/) {
  std::string out;
  int number = 0;
  for (size_t at = 0; at < text_.size();) {
    const size_t end = std::min(text_.find('\n', at), text_.size());
    const std::string digits = std::to_string(++number);
    constexpr size_t kWidth = 4;
    out += std::string(kWidth - std::min(kWidth, digits.size()), ' ') + digits + "  ";
    append_escaped(out, text_.substr(at, end - at));
    out += "\n";
    at = end + 1;
  }
  say_(out);
  return true;
}

bool Repl::quit(const std::string& /*argument*/) {
  done_ = true;
  return true;
}

Result<std::shared_ptr<const Script>> Repl::with_transform(const std::string& body) const {
  // Behind the script and in one chunk with it, so that its locals are in sight.
  return Script::from_text(std::filesystem::path(path_).filename().string(),
                           text_ + "\nfunction transform(r, meta)\n" + body + "\nend\n",
                           workshop::library_root_of(path_), limits_);
}

bool Repl::answer_of(const std::shared_ptr<const Script>& script, std::string* json) {
  const std::string text = record_.empty() ? "{}" : record_;
  auto runner = ScriptRunner::create(script);
  if (!runner) return fail(runner.status().message());
  if (!document_.parse(text, kRecordLimits)) return fail(kNoRecord);
  arena_.reset();
  parts_.clear();
  const ScriptResult result = (*runner)->run(document_, meta_of(file_, line_), arena_, parts_);
  if (result.outcome == ScriptOutcome::kRejected) return fail(result.detail);
  *json = parts_.empty() ? std::string() : std::string(parts_.back().value);
  return true;
}

bool Repl::evaluate(const std::string& line) {
  // A list of one, so that any value can be answered; of none for nil.
  const auto script = with_transform("return sluice.array{ (" + line + "\n) }");
  if (!script) return assign(line);
  std::string json;
  if (!answer_of(*script, &json)) return false;
  say_((json.size() > 2 ? json.substr(1, json.size() - 2) : "nil") + "\n");
  return true;
}

// Not an expression: a statement that may change the record.
bool Repl::assign(const std::string& line) {
  const auto script = with_transform(line + "\nreturn r");
  if (!script) return fail(script.status().message());
  if (!has_record()) return false;
  std::string json;
  if (!answer_of(*script, &json)) return false;
  if (json.empty()) return true;
  const std::string before = record_;
  if (!use_record(std::move(json)) || !before_.parse(before, kRecordLimits)) return false;
  ScriptPart part;
  part.value = record_;
  say_(explain_.part(line_, before_, part, 1, 1));
  return true;
}

std::vector<std::string> Repl::complete(std::string_view word) const {
  std::vector<std::string> out;
  for (const Command& command : commands()) out.emplace_back(command.name);
  // Members of the record below the last dot: r.customer.na -> r.customer.name
  const size_t dot = word.rfind('.');
  Document record;
  if (dot == std::string_view::npos || !word.starts_with("r") ||
      !record.parse(record_, kRecordLimits)) {
    out.insert(out.end(), {"r.", "meta.", "sluice."});
    return out;
  }
  const std::string path(word.substr(0, dot));
  NodeIndex at = Document::root();
  for (size_t from = path.find('.'); from != std::string::npos && at != kNoNode;) {
    const size_t to = path.find('.', from + 1);
    const std::string name = path.substr(from + 1, to == std::string::npos ? to : to - from - 1);
    at = record.kind(at) == JsonKind::kObject ? record.find(at, name) : kNoNode;
    from = to;
  }
  if (at == kNoNode || record.kind(at) != JsonKind::kObject) return out;
  Arena arena(1024);
  NodeIndex name = record.first_child(at);
  for (uint32_t i = 0; i < record.count(at); ++i, name = record.next(record.next(name))) {
    out.push_back(path + "." + std::string(record.string(name, arena)));
  }
  return out;
}

}  // namespace sluice::cli
