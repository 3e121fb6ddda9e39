// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/scaffold.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "runtime/schema/evolve/lift_writer.h"
#include "runtime/schema/evolve/lua_text.h"

namespace sluice::schema {
namespace {

constexpr std::string_view kUndecided =
    "-- Rejects a record that this lift cannot decide about yet.\n"
    "local function undecided(text)\n"
    "  return sluice.reject(\"lift_incomplete\", text)\n"
    "end\n\n";

constexpr std::string_view kKeep =
    "-- Drops the members that are not in `names`.\n"
    "local function keep(object, names)\n"
    "  local extra = {}\n"
    "  for name in pairs(object) do\n"
    "    if type(name) == \"string\" and not names[name] then extra[#extra + 1] = name end\n"
    "  end\n"
    "  for _, name in ipairs(extra) do object[name] = nil end\n"
    "end\n\n";

constexpr std::string_view kEach =
    "local ALL = true -- in a path: every item of a list\n\n"
    "-- Calls visit with every object or list that the path leads to; the first verdict ends it.\n"
    "local function each(value, path, visit, at)\n"
    "  at = at or 1\n"
    "  local kind = type(value)\n"
    "  if kind ~= \"userdata\" and kind ~= \"table\" or value == sluice.null then return nil end\n"
    "  if at > #path then return visit(value) end\n"
    "  if path[at] ~= ALL then return each(value[path[at]], path, visit, at + 1) end\n"
    "  for _, item in ipairs(value) do\n"
    "    local verdict = each(item, path, visit, at + 1)\n"
    "    if verdict then return verdict end\n"
    "  end\n"
    "  return nil\n"
    "end\n\n";

std::string lua_path(const std::vector<Step>& steps) {
  std::string out = "{ ";
  for (size_t i = 0; i < steps.size(); ++i) {
    if (i > 0) out += ", ";
    if (steps[i].kind == StepKind::kMember) {
      out += lua_string(*steps[i].name);
    } else if (steps[i].kind == StepKind::kItem) {
      out += std::to_string(steps[i].index + 1);
    } else {
      out += "ALL";
    }
  }
  return out + " }";
}

// Groups the changes by the container they are in, the record itself first.
class Lift {
 public:
  Lift(const ShapeGraph& old_graph, const ShapeGraph& new_graph)
      : old_(old_graph), new_(new_graph) {
    group({});
  }

  void add(const PlacedChange& placed) {
    std::vector<Step> parent = placed.steps;
    Step last;
    // A change of the members as a whole is a matter of the object itself.
    const bool whole = placed.change->kind == ChangeKind::kAdditionalPropertiesClosed;
    if (!parent.empty() && !whole) {
      last = parent.back();
      parent.pop_back();
    }
    const auto unnamed = std::find_if(parent.begin(), parent.end(), [](const Step& step) {
      return step.kind == StepKind::kOthers;
    });
    if (unnamed != parent.end()) {
      // Members without a name cannot be walked to: the nearest object with a name decides.
      parent.erase(unnamed, parent.end());
      last = {StepKind::kOthers, nullptr, 0};
    }
    group(parent).add(placed, last);
  }

  std::string text() {
    std::string body;
    bool undecided = false;
    bool keep = false;
    for (const auto& one : groups_) {
      const std::vector<std::string> lines = one->lines();
      undecided = undecided || one->rejects();
      keep = keep || one->keeps();
      append(body, *one, lines);
    }
    std::string out;
    if (undecided) out += kUndecided;
    if (keep) out += kKeep;
    if (nested_) out += kEach;
    return out + "function transform(r, meta)\n" + body + "  return r\nend\n";
  }

 private:
  LiftGroup& group(const std::vector<Step>& parent) {
    const std::string key = lua_path(parent);
    const auto [at, added] = by_path_.try_emplace(key, groups_.size());
    if (added) {
      groups_.push_back(
          std::make_unique<LiftGroup>(old_, new_, parent, parent.empty() ? "r" : "o"));
    }
    return *groups_[at->second];
  }

  void append(std::string& body, const LiftGroup& one, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    if (one.parent().empty()) {
      for (const std::string& line : lines) body += "  " + line + "\n";
      return;
    }
    const bool only_comments = std::all_of(
        lines.begin(), lines.end(), [](const std::string& line) { return line.starts_with("--"); });
    if (only_comments) {
      for (const std::string& line : lines) body += "  " + line + "\n";
      return;
    }
    nested_ = true;
    // A block of its own: Lua allows 200 local variables in a function.
    const bool verdict = one.rejects();
    if (verdict) body += "  do\n";
    const std::string indent = verdict ? "    " : "  ";
    body += indent + (verdict ? "local verdict = each(r, " : "each(r, ") + lua_path(one.parent()) +
            ", function(o)\n";
    for (const std::string& line : lines) {
      body.append(indent).append("  ").append(line).append("\n");
    }
    body += indent + "end)\n";
    if (verdict) body += indent + "if verdict then return verdict end\n  end\n";
  }

  const ShapeGraph& old_;
  const ShapeGraph& new_;
  std::vector<std::unique_ptr<LiftGroup>> groups_;
  std::map<std::string, size_t> by_path_;
  bool nested_ = false;
};

}  // namespace

std::string scaffold_lift(const ShapeGraph& old_graph, const ShapeGraph& new_graph,
                          const std::vector<PlacedChange>& changes, const std::string& old_name,
                          const std::string& new_name, bool cut) {
  const auto file = [](const std::string& name) {
    return lua_comment(std::filesystem::path(name).filename().string());
  };
  std::string out = "-- Lifts a record of " + file(old_name) + " to " + file(new_name) + ".\n";
  if (cut) {
    return out +
           "-- TODO(schema diff): there are more changes than can be listed; write this by hand.\n"
           "function transform(r, meta)\n"
           "  return sluice.reject(\"lift_incomplete\", \"too many changes\")\n"
           "end\n";
  }
  Lift lift(old_graph, new_graph);
  for (const PlacedChange& placed : changes) lift.add(placed);
  const std::string text = lift.text();
  if (text.find("TODO(schema diff)") != std::string::npos) {
    out +=
        "-- Written by `sluice schema diff --scaffold`. What the schemas do not say is marked\n"
        "-- TODO(schema diff): guesses are to be checked, and records about which nobody has "
        "decided\n"
        "-- are rejected.\n";
  } else {
    out += "-- Written by `sluice schema diff --scaffold`; nothing in it is left to decide.\n";
  }
  return out + "\n" + text;
}

}  // namespace sluice::schema
