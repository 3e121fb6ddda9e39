// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/fixture.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <fstream>

#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace sluice::conform {

namespace {

using Json = rapidjson::Value;
constexpr uint64_t kMaxFixtureBytes = 64ULL << 20;

const std::vector<std::string>& known_quirks() {
  static const std::vector<std::string> quirks = {"prints_stdout", "exclusive",
                                                  "no_redelivery", "no_records",
                                                  "slow_start",    "any_record_bytes"};
  return quirks;
}

std::string_view text_of(const Json& value) { return {value.GetString(), value.GetStringLength()}; }

std::string json_of(const Json& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string_view kind_of(const Json& value) {
  switch (value.GetType()) {
    case rapidjson::kNullType:
      return "null";
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return "a boolean";
    case rapidjson::kObjectType:
      return "an object";
    case rapidjson::kArrayType:
      return "a list";
    case rapidjson::kStringType:
      return "a string";
    case rapidjson::kNumberType:
      return "a number";
  }
  return "nothing";
}

Status wrong_type(std::string_view pointer, std::string_view expected, const Json& found) {
  return invalid(fmt::format("{}: expected {}, found {}", pointer, expected, kind_of(found)));
}

Status unknown_word(std::string_view pointer, std::string_view what, std::string_view word,
                    const std::vector<std::string>& known) {
  const auto near = did_you_mean(word, known);
  return invalid(fmt::format("{}: unknown {} \"{}\"; {}", pointer, what, word,
                             near ? "did you mean \"" + *near + "\"?"
                                  : fmt::format("known are {}", fmt::join(known, ", "))));
}

Status check_members(const Json& object, std::string_view pointer,
                     const std::vector<std::string>& known) {
  if (!object.IsObject()) return wrong_type(pointer, "an object", object);
  for (const auto& member : object.GetObject()) {
    const auto name = text_of(member.name);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return unknown_word(pointer, "member", name, known);
    }
  }
  return Status::ok();
}

// Calls each(element, pointer of the element) for a list that may be absent.
template <typename Each>
Status for_each(const Json& object, std::string_view at, const char* name, Each each) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd()) return Status::ok();
  const std::string pointer = fmt::format("{}/{}", at, name);
  if (!member->value.IsArray()) return wrong_type(pointer, "a list", member->value);
  for (rapidjson::SizeType i = 0; i < member->value.Size(); ++i) {
    SLUICE_RETURN_IF_ERROR(each(member->value[i], fmt::format("{}/{}", pointer, i)));
  }
  return Status::ok();
}

Result<std::string> string_member(const Json& object, std::string_view at, const char* name) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd()) return std::string();
  if (!member->value.IsString()) {
    return wrong_type(fmt::format("{}/{}", at, name), "a string", member->value);
  }
  return std::string(text_of(member->value));
}

Status read_configs(const Json& root, Fixture& fixture) {
  SLUICE_RETURN_IF_ERROR(for_each(root, "", "valid", [&](const Json& item, const std::string& at) {
    if (!item.IsObject()) return wrong_type(at, "a configuration object", item);
    fixture.valid.push_back(json_of(item));
    return Status::ok();
  }));
  SLUICE_RETURN_IF_ERROR(
      for_each(root, "", "unopenable", [&](const Json& item, const std::string& at) {
        if (!item.IsObject()) return wrong_type(at, "a configuration object", item);
        fixture.unopenable.push_back(json_of(item));
        return Status::ok();
      }));
  return for_each(root, "", "invalid", [&](const Json& item, const std::string& at) -> Status {
    SLUICE_RETURN_IF_ERROR(check_members(item, at, {"config", "pointer"}));
    if (!item.HasMember("config")) return invalid(at + ": member \"config\" is missing");
    SLUICE_ASSIGN_OR_RETURN(auto pointer, string_member(item, at, "pointer"));
    fixture.invalid.push_back({json_of(item["config"]), std::move(pointer)});
    return Status::ok();
  });
}

Status read_records(const Json& root, Fixture& fixture) {
  const auto member = root.FindMember("records");
  if (member == root.MemberEnd()) return Status::ok();
  const Json& records = member->value;
  SLUICE_RETURN_IF_ERROR(check_members(records, "/records", {"good", "bad"}));
  SLUICE_RETURN_IF_ERROR(
      for_each(records, "/records", "good", [&](const Json& item, const std::string& at) {
        if (!item.IsString()) return wrong_type(at, "a string", item);
        fixture.good.emplace_back(text_of(item));
        return Status::ok();
      }));
  return for_each(records, "/records", "bad",
                  [&](const Json& item, const std::string& at) -> Status {
                    SLUICE_RETURN_IF_ERROR(check_members(item, at, {"value", "reason"}));
                    SLUICE_ASSIGN_OR_RETURN(auto value, string_member(item, at, "value"));
                    SLUICE_ASSIGN_OR_RETURN(auto reason, string_member(item, at, "reason"));
                    fixture.bad.push_back({std::move(value), std::move(reason)});
                    return Status::ok();
                  });
}

Status add_file(std::string_view name, const Json& content, Fixture& fixture) {
  const std::string at = fmt::format("/setup/files/{}", name);
  const std::filesystem::path path(name);
  const bool climbs = std::find(path.begin(), path.end(), "..") != path.end();
  if (name.empty() || path.is_absolute() || climbs) {
    return invalid(at + ": expected a name inside the folder, without \"..\"");
  }
  std::string text;
  if (content.IsString()) {
    text = text_of(content);
  } else if (content.IsArray()) {
    for (const auto& line : content.GetArray()) {
      if (!line.IsString()) return wrong_type(at, "a list of lines (strings)", line);
      text.append(text_of(line)).push_back('\n');
    }
  } else {
    return wrong_type(at, "a list of lines or a string", content);
  }
  fixture.files.emplace_back(std::string(name), std::move(text));
  return Status::ok();
}

Status read_setup(const Json& root, Fixture& fixture) {
  const auto setup = root.FindMember("setup");
  if (setup == root.MemberEnd()) return Status::ok();
  SLUICE_RETURN_IF_ERROR(check_members(setup->value, "/setup", {"files"}));
  const auto files = setup->value.FindMember("files");
  if (files == setup->value.MemberEnd()) return Status::ok();
  if (!files->value.IsObject()) return wrong_type("/setup/files", "an object", files->value);
  for (const auto& file : files->value.GetObject()) {
    SLUICE_RETURN_IF_ERROR(add_file(text_of(file.name), file.value, fixture));
  }
  return Status::ok();
}

}  // namespace

Result<Fixture> parse_fixture(std::string_view json) {
  rapidjson::Document root;
  root.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag>(json.data(),
                                                                                  json.size());
  if (root.HasParseError()) {
    const auto line = 1 + std::count(json.begin(),
                                     json.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                        root.GetErrorOffset(), json.size())),
                                     '\n');
    return invalid(fmt::format("line {}: not JSON: {}", line,
                               rapidjson::GetParseError_En(root.GetParseError())));
  }
  Fixture fixture;
  fixture.given = true;
  SLUICE_RETURN_IF_ERROR(check_members(
      root, "/", {"valid", "invalid", "unopenable", "records", "setup", "component", "quirks"}));
  SLUICE_ASSIGN_OR_RETURN(fixture.component, string_member(root, "", "component"));
  SLUICE_RETURN_IF_ERROR(read_configs(root, fixture));
  SLUICE_RETURN_IF_ERROR(read_records(root, fixture));
  SLUICE_RETURN_IF_ERROR(read_setup(root, fixture));
  SLUICE_RETURN_IF_ERROR(for_each(root, "", "quirks", [&](const Json& item, const std::string& at) {
    if (!item.IsString()) return wrong_type(at, "a string", item);
    const auto word = text_of(item);
    const auto& known = known_quirks();
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      return unknown_word(at, "quirk", word, known);
    }
    fixture.quirks.emplace(word);
    return Status::ok();
  }));
  return fixture;
}

Result<Fixture> read_fixture(const std::filesystem::path& path) {
  SLUICE_ASSIGN_OR_RETURN(const auto text, read_file(path, kMaxFixtureBytes));
  auto fixture = parse_fixture(text);
  if (!fixture) return std::move(fixture).status().with_context(path.string());
  return fixture;
}

std::string expand_dir(std::string_view json, const std::filesystem::path& dir) {
  static constexpr std::string_view kPlaceholder = "${DIR}";
  std::string quoted;
  append_json_string(quoted, dir.string());
  const std::string_view inner = std::string_view(quoted).substr(1, quoted.size() - 2);
  std::string out;
  for (;;) {
    const size_t at = json.find(kPlaceholder);
    out.append(json.substr(0, at));
    if (at == std::string_view::npos) return out;
    out.append(inner);
    json.remove_prefix(at + kPlaceholder.size());
  }
}

Status write_setup(const Fixture& fixture, const std::filesystem::path& dir) {
  for (const auto& [name, content] : fixture.files) {
    const auto path = dir / name;
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) return unavailable(path.parent_path().string() + ": " + error.message());
    std::ofstream out(path, std::ios::binary);
    out << content;
    out.close();
    if (!out) return unavailable(path.string() + ": cannot write the fixture's file");
  }
  return Status::ok();
}

}  // namespace sluice::conform
