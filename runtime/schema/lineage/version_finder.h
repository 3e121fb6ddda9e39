// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/config/config.h"
#include "runtime/record/pointer.h"
#include "runtime/schema/lineage/lineage.h"
#include "runtime/schema/registry/schema_ids.h"
#include "runtime/script/script.h"

namespace sluice {

// Finds out which version of a lineage a record is of. A version is written as a whole number, as
// its decimal text, or as that text after a `v`: 2, "2", "v2". Immutable; any thread.
class VersionFinder {
 public:
  // Reads the file of schema ids, if there is one; with a registry, the schemas of the lineage, to
  // know them again. Errors name file and JSON Pointer, and versions that the lineage does not
  // have.
  static Result<std::shared_ptr<const VersionFinder>> create(
      const SchemaVersionConfig& config, std::shared_ptr<const Lineage> lineage);

  // The part of a record's bytes that is JSON: all of them, or what follows the five bytes of the
  // Confluent wire format.
  [[nodiscard]] std::string_view payload(std::string_view value) const {
    return framed_ && has_frame(value) ? value.substr(kFrameBytes) : value;
  }
  // True: records name no version, the caller tries the versions from the newest on.
  [[nodiscard]] bool tries() const { return config_.from == SchemaVersionConfig::From::kTry; }

  struct Input {
    std::string_view value;    // the record's bytes
    const Document& document;  // its payload, parsed
    std::span<const RecordMeta::Header> headers;
    const SchemaIds* ids = nullptr;  // what the registry said; nullptr: it was not asked
  };
  // Does a registry say what the ids mean?
  [[nodiscard]] bool asks() const { return framed_ && config_.registry.has_value(); }
  // The schema id in front of a record, if it has one.
  static std::optional<uint32_t> schema_id(std::string_view value) {
    return has_frame(value) ? std::optional(frame_id(value)) : std::nullopt;
  }
  // A record whose payload is not JSON: what its first bytes say about that, or empty. With `id`
  // set: its schema id stands for nothing that could be read, whatever the payload.
  struct Unreadable {
    std::string text;
    bool id = false;
  };
  [[nodiscard]] Unreadable explain_unreadable(std::string_view value, const SchemaIds* ids) const;
  // Where the version stands in the lineage's versions(), or nothing: none is named (and there is
  // no default) or it is not known. Allocates nothing.
  [[nodiscard]] std::optional<size_t> find(const Input& input) const;
  // Second pass over a record for which find() answered nothing: what was found, which versions
  // there are, and what to do.
  [[nodiscard]] std::string explain(const Input& input) const;
  // The JSON Pointer that was looked at, if any.
  [[nodiscard]] const std::string& pointer() const { return config_.pointer; }
  // Everything that decides here, as text for the bundle's hash.
  [[nodiscard]] const std::string& identity() const { return identity_; }
  // "member /schema_version", "header schema-version": where versions are looked for.
  [[nodiscard]] std::string place_text() const;

 private:
  static constexpr size_t kFrameBytes = 5;
  // What the place holds: nothing, something that is no version, or a number.
  struct Found {
    bool present = false;
    std::optional<uint64_t> number;
    std::string_view text;  // as it was written
  };

  VersionFinder(const SchemaVersionConfig& config, std::shared_ptr<const Lineage> lineage)
      : config_(config), lineage_(std::move(lineage)) {}
  Status read_ids();
  static bool has_frame(std::string_view value) {
    return value.size() >= kFrameBytes && value.front() == '\0';
  }
  static uint32_t frame_id(std::string_view value);
  [[nodiscard]] Found look(const Input& input) const;
  void read_identities();
  [[nodiscard]] std::optional<size_t> of_id(uint32_t id, const SchemaIds* ids) const;
  [[nodiscard]] std::optional<size_t> of_schema(const Sha256Digest& identity) const;
  [[nodiscard]] std::string explain_id(uint32_t id, const SchemaIds* ids) const;

  const SchemaVersionConfig config_;
  const std::shared_ptr<const Lineage> lineage_;
  std::optional<JsonPointer> pointer_;
  bool framed_ = false;
  std::vector<std::pair<uint32_t, size_t>> ids_;  // schema id -> place in versions(), sorted
  std::vector<std::pair<Sha256Digest, size_t>> identities_;  // with a registry: likewise, sorted
  std::optional<size_t> fallback_;
  std::string identity_;
};

}  // namespace sluice
