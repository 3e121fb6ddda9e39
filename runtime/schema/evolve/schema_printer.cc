// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/schema_printer.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace sluice::schema {
namespace {

constexpr size_t kWidth = 100;
// A format is told once two texts have it; values count as an enum once each was seen ten times on
// average, and twenty texts at least.
constexpr uint64_t kFewestForFormat = 2;
constexpr uint64_t kFewestForEnum = 20;
constexpr uint64_t kSeenEach = 10;
// Of an object with more names than are kept, the ones that at least every twentieth has are told.
constexpr uint64_t kRare = 20;

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// ["a", "b"], over several lines when one does not hold it.
std::string list_of(const std::vector<std::string>& values, size_t indent) {
  std::string one_line = "[";
  for (const std::string& value : values) {
    if (one_line.size() > 1) one_line += ", ";
    one_line += value;
  }
  one_line += "]";
  if (indent + one_line.size() <= kWidth - 16) return one_line;
  const std::string margin(indent + 2, ' ');
  std::string out = "[\n" + margin;
  size_t column = margin.size();
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string next = values[i] + (i + 1 < values.size() ? "," : "");
    if (column > margin.size() && column + 1 + next.size() > kWidth) {
      out += "\n" + margin;
      column = margin.size();
    } else if (column > margin.size()) {
      out += ' ';
      ++column;
    }
    out += next;
    column += next.size();
  }
  return out + "\n" + std::string(indent, ' ') + "]";
}

// On one line where nothing in it stands on lines of its own and the line holds it.
template <typename Entries>
std::string object_of(const Entries& entries, size_t indent) {
  if (entries.empty()) return "{}";
  std::string flat;
  bool tall = false;
  for (const auto& entry : entries) {
    flat += (flat.empty() ? "" : ", ") + json_text(entry.keyword) + ": " + entry.value;
    tall = tall || entry.tall;
  }
  constexpr size_t kRoom = 20;  // for the name in front
  if (!tall && indent + flat.size() + kRoom <= kWidth) return "{ " + flat + " }";
  std::string out = "{";
  for (const auto& entry : entries) {
    out += (out.size() > 1 ? ",\n" : "\n") + std::string(indent + 2, ' ');
    out += json_text(entry.keyword) + ": " + entry.value;
  }
  return out + "\n" + std::string(indent, ' ') + "}";
}

std::string between(const std::string& least, const std::string& most) {
  return least == most ? least : least + " to " + most;
}

std::vector<std::string> types_of(const Sample& sample) {
  std::vector<std::string> out;
  if (sample.of(JsonKind::kObject) > 0) out.emplace_back("\"object\"");
  if (sample.of(JsonKind::kArray) > 0) out.emplace_back("\"array\"");
  if (sample.of(JsonKind::kString) > 0) out.emplace_back("\"string\"");
  if (sample.of(JsonKind::kNumber) > 0) {
    out.emplace_back(sample.fractions > 0 ? "\"number\"" : "\"integer\"");
  }
  if (sample.of(JsonKind::kTrue) + sample.of(JsonKind::kFalse) > 0) {
    out.emplace_back("\"boolean\"");
  }
  if (sample.of(JsonKind::kNull) > 0) out.emplace_back("\"null\"");
  return out;
}

}  // namespace

// Texts alone, or with null, and each value often enough to be no accident.
bool SchemaPrinter::is_enum(const Sample& sample) const {
  const uint64_t texts = sample.of(JsonKind::kString);
  uint64_t all = 0;
  for (const uint64_t count : sample.kinds) all += count;
  return !sample.many_values && !sample.values.empty() &&
         texts + sample.of(JsonKind::kNull) == all && texts >= kFewestForEnum &&
         texts >= kSeenEach * sample.values.size();
}

void SchemaPrinter::add_text(const Sample& sample, size_t indent, std::vector<Entry>& out) const {
  if (sample.of(JsonKind::kString) >= kFewestForFormat && sample.formats != 0) {
    for (size_t i = 0; i < kInferredFormats.size(); ++i) {
      if ((sample.formats & (1U << i)) == 0) continue;
      out.push_back({"format", json_text(kInferredFormats[i])});
      return;
    }
  }
  if (!is_enum(sample)) return;
  std::vector<std::string> values = sample.values;
  std::sort(values.begin(), values.end());
  for (std::string& value : values) value = json_text(value);
  if (sample.of(JsonKind::kNull) > 0) values.emplace_back("null");
  if (values.size() == 1) {
    out.push_back({"const", values[0]});
  } else {
    const std::string list = list_of(values, indent + 2);
    out.push_back({"enum", list, list.find('\n') != std::string::npos});
  }
}

bool SchemaPrinter::worth_telling(const Sample& sample, const Sample::Member& member) const {
  return !sample.more_members || member.count * kRare >= sample.of(JsonKind::kObject);
}

std::string SchemaPrinter::properties(const Sample& sample, size_t indent) const {
  std::vector<Entry> members;
  for (const Sample::Member& member : sample.members) {
    if (!worth_telling(sample, member)) continue;
    members.push_back({member.name,
                       object_of(schema_of(samples_.at(member.sample), indent + 2), indent + 2),
                       true});
  }
  return object_of(members, indent);
}

void SchemaPrinter::add_object(const Sample& sample, size_t indent, std::vector<Entry>& out) const {
  std::vector<std::string> required;
  for (const Sample::Member& member : sample.members) {
    if (member.count == sample.of(JsonKind::kObject)) required.push_back(json_text(member.name));
  }
  if (!required.empty()) out.push_back({"required", list_of(required, indent + 2), true});
  if (options_.closed && !sample.more_members) {
    out.push_back({"additionalProperties", "false", true});
  }
  if (!sample.members.empty()) {
    out.push_back({"properties", properties(sample, indent + 2), true});
  }
}

std::string SchemaPrinter::comment(const Sample& sample, bool with_length) {
  std::string out;
  const auto add = [&out](const std::string& text) {
    if (!out.empty()) out += "; ";
    out += text;
  };
  if (sample.of(JsonKind::kNumber) > 0 && sample.range_known) {
    add("seen " + between(sample.least, sample.greatest));
  }
  if (with_length && sample.of(JsonKind::kString) > 0) {
    add("length " + between(std::to_string(sample.shortest), std::to_string(sample.longest)));
  }
  if (sample.of(JsonKind::kArray) > 0) {
    add(between(std::to_string(sample.fewest), std::to_string(sample.most)) +
        (sample.most == 1 ? " item" : " items"));
  }
  if (sample.more_members) add("more members than were looked at");
  if (sample.items_open) add("items that were not looked at");
  return out;
}

std::vector<SchemaPrinter::Entry> SchemaPrinter::schema_of(const Sample& sample,
                                                           size_t indent) const {
  std::vector<Entry> out;
  const std::vector<std::string> types = types_of(sample);
  if (types.empty()) return out;  // never seen with a value
  out.push_back({"type", types.size() == 1 ? types[0] : list_of(types, 0)});
  const size_t before = out.size();
  if (sample.of(JsonKind::kString) > 0) add_text(sample, indent, out);
  const std::string remark = comment(sample, out.size() == before);
  if (!remark.empty()) out.push_back({"$comment", json_text(remark)});
  if (sample.of(JsonKind::kArray) > 0 && sample.items != kNoSample && !sample.items_open) {
    const std::string items =
        object_of(schema_of(samples_.at(sample.items), indent + 2), indent + 2);
    out.push_back({"items", items, items.find('\n') != std::string::npos});
  }
  if (sample.of(JsonKind::kObject) > 0) add_object(sample, indent, out);
  return out;
}

std::string SchemaPrinter::print(uint64_t records) const {
  const bool later = options_.dialect == "2020-12";
  std::vector<Entry> out;
  out.push_back({"$schema",
                 later ? "\"https://json-schema.org/draft/2020-12/schema\""
                       : "\"http://json-schema.org/draft-07/schema#\"",
                 true});
  if (!options_.title.empty()) out.push_back({"title", json_text(options_.title), true});
  for (Entry& entry : schema_of(samples_.root(), 0)) {
    if (entry.keyword == "$comment") continue;  // one is enough, and the count is worth more
    out.push_back(std::move(entry));
  }
  const std::string remark = comment(samples_.root(), false);
  out.insert(out.begin() + 1, {"$comment",
                               json_text("inferred from " + std::to_string(records) +
                                         (records == 1 ? " record" : " records") +
                                         (remark.empty() ? "" : "; " + remark)),
                               true});
  return object_of(out, 0) + "\n";
}

}  // namespace sluice::schema
