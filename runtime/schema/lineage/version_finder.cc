// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/lineage/version_finder.h"

#include <algorithm>
#include <charconv>

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/text.h"
#include "runtime/schema/registry/identity.h"
#include "runtime/schema/sources.h"

namespace sluice {
namespace {

using From = SchemaVersionConfig::From;

constexpr uint64_t kMaxIdsFile = 1 << 20;
constexpr size_t kShownBytes = 40;

// "2", "v2".
std::optional<uint64_t> version_number(std::string_view text) {
  if (text.starts_with('v') || text.starts_with('V')) text.remove_prefix(1);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::string shown(std::string_view text) {
  std::string out;
  append_escaped(out, shorten(text, kShownBytes));
  return out;
}

}  // namespace

Result<std::shared_ptr<const VersionFinder>> VersionFinder::create(
    const SchemaVersionConfig& config, std::shared_ptr<const Lineage> lineage) {
  std::shared_ptr<VersionFinder> finder(new VersionFinder(config, std::move(lineage)));
  switch (config.from) {
    case From::kPointer: {
      SLUICE_ASSIGN_OR_RETURN(finder->pointer_, JsonPointer::parse(config.pointer));
      break;
    }
    case From::kConfluent:
      finder->framed_ = true;
      if (config.registry) {
        finder->read_identities();
      } else {
        SLUICE_RETURN_IF_ERROR(finder->read_ids());
      }
      break;
    case From::kHeader:
    case From::kTry:
      break;
  }
  if (config.fallback) {
    finder->fallback_ = finder->lineage_->index_of(*config.fallback);
    if (!finder->fallback_) {
      return invalid("schema.version.default is " + std::to_string(*config.fallback) + ", but " +
                     finder->lineage_->there_is_text() + "; name one of them");
    }
    finder->identity_ += "default " + std::to_string(*config.fallback) + "\n";
  }
  finder->identity_ += finder->place_text() + "\n";
  return std::shared_ptr<const VersionFinder>(std::move(finder));
}

Status VersionFinder::read_ids() {
  const std::string file = config_.ids.string();
  SLUICE_ASSIGN_OR_RETURN(const std::string text, read_file(config_.ids, kMaxIdsFile));
  Document document;
  const ParseLimits limits{.max_bytes = kMaxIdsFile, .max_depth = 2};
  const ParseResult parsed = document.parse(text, limits);
  const std::string expected =
      "expected a JSON object from schema id to version, such as {\"17\": 2}";
  if (!parsed) {
    return invalid(file + ": at byte " + std::to_string(parsed.offset) + ": " + parsed.message +
                   "; " + expected);
  }
  if (document.kind(Document::root()) != JsonKind::kObject) return invalid(file + ": " + expected);
  NodeIndex name = document.first_child(Document::root());
  for (uint32_t i = document.count(Document::root()); i > 0; --i) {
    const NodeIndex value = document.next(name);
    const std::string_view key = document.slice(name);
    uint32_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (key.empty() || error != std::errc() || end != key.data() + key.size()) {
      return invalid(file + ": /" + shown(key) + ": a schema id is a whole number below 2^32; " +
                     expected);
    }
    uint64_t number = 0;
    const bool whole = document.kind(value) == JsonKind::kNumber && document.uint64(value, &number);
    const auto index = whole ? lineage_->index_of(number) : std::nullopt;
    if (!index) {
      return invalid(file + ": /" + shown(key) + ": found " + shown(document.json(value)) +
                     ", expected the number of a version; " + lineage_->there_is_text());
    }
    ids_.emplace_back(id, *index);
    name = document.next(value);
  }
  std::sort(ids_.begin(), ids_.end());
  identity_ += "ids " + sha256_hex(text) + "\n";
  return Status::ok();
}

uint32_t VersionFinder::frame_id(std::string_view value) {
  uint32_t id = 0;
  for (size_t i = 1; i < kFrameBytes; ++i) id = id << 8 | static_cast<unsigned char>(value[i]);
  return id;
}

// A file that cannot be read here was compiled a moment ago: the bundle is read once more then.
void VersionFinder::read_identities() {
  const std::vector<LineageVersion>& versions = lineage_->versions();
  for (size_t i = 0; i < versions.size(); ++i) {
    const auto text = read_file(versions[i].file, schema::kMaxSchemaBytes);
    if (!text) continue;
    if (const auto known = registry::schema_identity(*text)) identities_.emplace_back(*known, i);
  }
  std::sort(identities_.begin(), identities_.end());
  identity_ += "registry " + config_.registry->url + " " + config_.registry->subject + "\n";
}

std::optional<size_t> VersionFinder::of_schema(const Sha256Digest& identity) const {
  // Of several that are the same, the newest: what is as that one is needs no lift.
  const auto past =
      std::upper_bound(identities_.begin(), identities_.end(), std::make_pair(identity, SIZE_MAX));
  if (past == identities_.begin() || std::prev(past)->first != identity) return std::nullopt;
  return std::prev(past)->second;
}

std::optional<size_t> VersionFinder::of_id(uint32_t id, const SchemaIds* ids) const {
  if (config_.registry) {
    const SchemaIds::Entry* entry = ids != nullptr ? ids->find(id) : nullptr;
    if (entry == nullptr || entry->answer.kind != registry::SchemaAnswer::Kind::kJson) {
      return std::nullopt;
    }
    return of_schema(entry->answer.identity);
  }
  const auto at = std::lower_bound(ids_.begin(), ids_.end(), std::make_pair(id, size_t{0}));
  if (at == ids_.end() || at->first != id) return std::nullopt;
  return at->second;
}

VersionFinder::Found VersionFinder::look(const Input& input) const {
  Found found;
  if (config_.from == From::kHeader) {
    // The first of that name, as `meta.headers` shows it to a script.
    for (const RecordMeta::Header& header : input.headers) {
      if (header.key != config_.header) continue;
      found.present = true;
      found.text = header.value;
      found.number = version_number(header.value);
      break;
    }
    return found;
  }
  const NodeIndex node = pointer_->find(input.document);
  if (node == kNoNode) return found;
  found.present = true;
  found.text = input.document.json(node);
  uint64_t number = 0;
  if (input.document.kind(node) == JsonKind::kString) {
    found.number = version_number(input.document.slice(node));
  } else if (input.document.kind(node) == JsonKind::kNumber &&
             input.document.uint64(node, &number)) {
    found.number = number;
  }
  return found;
}

std::optional<size_t> VersionFinder::find(const Input& input) const {
  if (framed_) return has_frame(input.value) ? of_id(frame_id(input.value), input.ids) : fallback_;
  const Found found = look(input);
  if (!found.present) return fallback_;
  return found.number ? lineage_->index_of(*found.number) : std::nullopt;
}

std::string VersionFinder::explain(const Input& input) const {
  const std::string known = lineage_->there_is_text();
  if (framed_) {
    if (!has_frame(input.value)) {
      return "the record does not begin with the Confluent wire format (byte 0, then four bytes of "
             "schema id); " +
             known + ", set schema.version.default for records without it";
    }
    if (config_.registry) return explain_id(frame_id(input.value), input.ids);
    return "schema id " + std::to_string(frame_id(input.value)) + " is not in " +
           config_.ids.filename().string() + "; " + known +
           ", add the id with the version that it stands for";
  }
  const Found found = look(input);
  if (!found.present) {
    return "no schema version: " + place_text() + " is missing; " + known +
           ", set schema.version.default for records without it";
  }
  if (!found.number) {
    return "found " + shown(found.text) + " in " + place_text() +
           ", expected a version such as 2, \"2\" or \"v2\"; " + known;
  }
  return "schema version " + std::to_string(*found.number) + " in " + place_text() +
         " is not known; " + known + ", add " + std::to_string(*found.number) +
         ".schema.json when it is a new one";
}

std::string VersionFinder::explain_id(uint32_t id, const SchemaIds* ids) const {
  using AnswerKind = registry::SchemaAnswer::Kind;
  const std::string at = "the registry " + config_.registry->url;
  const std::string what = "schema id " + std::to_string(id);
  const SchemaIds::Entry* entry = ids != nullptr ? ids->find(id) : nullptr;
  if (entry == nullptr) return what + " was not looked up: " + at + " is asked by a run only";
  const registry::SchemaAnswer& answer = entry->answer;
  std::string named = what;
  if (!answer.subject.empty()) {
    named +=
        " (subject " + shown(answer.subject) + ", version " + std::to_string(answer.version) + ")";
  }
  switch (answer.kind) {
    case AnswerKind::kJson:
      return named + ": its schema in " + at + " is none of those in " +
             lineage_->versions().front().file.parent_path().filename().string() + "; " +
             lineage_->there_is_text() + ", add it as " +
             std::to_string(lineage_->newest().number + 1) +
             ".schema.json with its lift (sluice schema pull does the first), then redrive";
    case AnswerKind::kOtherType:
      return named + " is of type " + answer.type + " in " + at +
             "; only JSON Schema is read, let the producer write with one";
    case AnswerKind::kOtherSubject:
      return named + " is not of the subject " + shown(config_.registry->subject) +
             ", which is the only one that counts; correct the producer, or " +
             "schema.version.confluent.registry.subject";
    case AnswerKind::kUnknown:
      return what + " is not in " + at +
             "; the producer uses another registry, or the schema was removed: register it, or "
             "correct the producer, then redrive";
    case AnswerKind::kUnusable:
      return named + " in " + at + ": " + answer.detail;
  }
  return named;
}

VersionFinder::Unreadable VersionFinder::explain_unreadable(std::string_view value,
                                                            const SchemaIds* ids) const {
  if (!framed_) return {};
  if (!has_frame(value)) {
    if (fallback_) return {};
    std::string found = value.empty()
                            ? "nothing"
                            : "byte " + std::to_string(static_cast<unsigned char>(value.front()));
    if (!value.empty() && value.front() == '\0') {
      found = std::to_string(value.size()) + " bytes";
    }
    return {"expected the Confluent wire format (byte 0, four bytes of schema id, JSON), found " +
                found,
            false};
  }
  if (!config_.registry || of_id(frame_id(value), ids)) return {};
  return {explain_id(frame_id(value), ids), true};
}

std::string VersionFinder::place_text() const {
  switch (config_.from) {
    case From::kPointer:
      return config_.pointer.empty() ? "the whole record" : "member " + config_.pointer;
    case From::kHeader:
      return "header " + config_.header;
    case From::kConfluent:
      return "the schema id of the Confluent wire format";
    case From::kTry:
      return "nowhere: newest that fits";
  }
  return "";
}

}  // namespace sluice
