// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/registry/schema_ids.h"

#include <algorithm>
#include <optional>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/record/document.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using AnswerKind = registry::SchemaAnswer::Kind;

constexpr uint64_t kMaxFile = 64ULL << 20;
constexpr std::string_view kFormat = "sluice schema ids 1";

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += ',';
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

// The digest that 64 hexadecimal digits stand for.
std::optional<Sha256Digest> digest_of(std::string_view hex) {
  Sha256Digest out{};
  if (hex.size() != 2 * out.size()) return std::nullopt;
  for (size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    const auto half = static_cast<unsigned char>(digit ? c - '0' : c - 'a' + 10);
    out[i / 2] = static_cast<unsigned char>(out[i / 2] << 4U | half);
  }
  return out;
}

// One element of the file's list; nothing: it is not one.
class EntryReader {
 public:
  explicit EntryReader(const Document& document) : document_(document) {}

  std::optional<std::pair<uint32_t, SchemaIds::Entry>> read(NodeIndex item) {
    if (document_.kind(item) != JsonKind::kObject) return std::nullopt;
    const auto id = number(item, "id");
    if (!id) return std::nullopt;
    SchemaIds::Entry entry;
    entry.answer.subject = text(item, "subject");
    entry.answer.version = number(item, "version").value_or(0);
    entry.answer.type = text(item, "type");
    entry.answer.kind = AnswerKind::kOtherType;
    if (entry.answer.type.empty()) {
      const auto digest = digest_of(text(item, "schema"));
      if (!digest) return std::nullopt;
      entry.answer.kind = AnswerKind::kJson;
      entry.answer.identity = *digest;
    }
    return std::make_pair(*id, std::move(entry));
  }

  std::string text(NodeIndex object, std::string_view name) {
    const NodeIndex node = document_.find(object, name);
    if (node == kNoNode || document_.kind(node) != JsonKind::kString) return {};
    return std::string(document_.string(node, arena_));
  }

 private:
  [[nodiscard]] std::optional<uint32_t> number(NodeIndex object, std::string_view name) const {
    const NodeIndex node = document_.find(object, name);
    uint64_t value = 0;
    if (node == kNoNode || document_.kind(node) != JsonKind::kNumber ||
        !document_.uint64(node, &value) || value > UINT32_MAX) {
      return std::nullopt;
    }
    return static_cast<uint32_t>(value);
  }

  const Document& document_;
  Arena arena_;
};

}  // namespace

const SchemaIds::Entry* SchemaIds::find(uint32_t id) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), id,
                                   [](const Row& row, uint32_t key) { return row.first < key; });
  return at != entries_.end() && at->first == id ? at->second.get() : nullptr;
}

std::shared_ptr<const SchemaIds> SchemaIds::with(uint32_t id, Entry entry) const {
  auto out = std::make_shared<SchemaIds>(*this);
  auto& rows = out->entries_;
  auto made = std::make_shared<const Entry>(std::move(entry));
  const auto at = std::lower_bound(rows.begin(), rows.end(), id,
                                   [](const Row& row, uint32_t key) { return row.first < key; });
  if (at != rows.end() && at->first == id) {
    at->second = std::move(made);
    return out;
  }
  rows.emplace(at, id, std::move(made));
  if (rows.size() > kMost) {
    const auto oldest =
        std::min_element(rows.begin(), rows.end(), [id](const Row& a, const Row& b) {
          if ((a.first == id) != (b.first == id)) return b.first == id;
          if (a.second->answer.lasting() != b.second->answer.lasting()) {
            return b.second->answer.lasting();
          }
          return a.second->asked < b.second->asked;
        });
    rows.erase(oldest);
  }
  return out;
}

Status SchemaIds::write(const fs::path& file, const std::string& origin) const {
  std::string out = "{\"format\":";
  append_json_string(out, kFormat);
  out += ",\"origin\":";
  append_json_string(out, origin);
  out += ",\"ids\":[";
  bool first = true;
  for (const auto& [id, entry] : entries_) {
    const Answer& answer = entry->answer;
    if (!answer.lasting()) continue;
    out += first ? "\n" : ",\n";
    first = false;
    out += "{\"id\":" + std::to_string(id);
    if (answer.kind == AnswerKind::kJson) append_member(out, "schema", to_hex(answer.identity));
    append_member(out, "type", answer.type);
    append_member(out, "subject", answer.subject);
    if (answer.version != 0) out += ",\"version\":" + std::to_string(answer.version);
    out += '}';
  }
  out += "\n]}\n";
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) return unavailable(file.parent_path().string() + ": " + error.message());
  return write_file_atomic(file, out);
}

std::shared_ptr<const SchemaIds> SchemaIds::read(const fs::path& file, const std::string& origin,
                                                 std::string& trouble) {
  auto out = std::make_shared<SchemaIds>();
  std::error_code error;
  if (!fs::exists(file, error)) return out;
  const auto text = read_file(file, kMaxFile);
  if (!text) {
    trouble = text.status().message();
    return out;
  }
  Document document;
  EntryReader reader(document);
  const ParseLimits limits{.max_bytes = kMaxFile, .max_depth = 4};
  const bool parsed =
      document.parse(*text, limits) && document.kind(Document::root()) == JsonKind::kObject;
  const NodeIndex list = parsed ? document.find(Document::root(), "ids") : kNoNode;
  if (list == kNoNode || document.kind(list) != JsonKind::kArray ||
      reader.text(Document::root(), "format") != kFormat) {
    trouble = file.string() + ": not a file of schema ids; it is written anew";
    return out;
  }
  if (reader.text(Document::root(), "origin") != origin) {
    trouble = file.string() + ": of another registry or subject; it is written anew";
    return out;
  }
  NodeIndex item = document.first_child(list);
  for (uint32_t i = document.count(list); i > 0 && out->entries_.size() < kMost; --i) {
    auto entry = reader.read(item);
    if (!entry || (!out->entries_.empty() && out->entries_.back().first >= entry->first)) {
      trouble = file.string() + ": damaged; it is written anew";
      return std::make_shared<SchemaIds>();
    }
    out->entries_.emplace_back(entry->first,
                               std::make_shared<const Entry>(std::move(entry->second)));
    item = document.next(item);
  }
  return out;
}

}  // namespace sluice
