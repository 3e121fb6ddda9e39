// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

// Every key of sluice.yaml, described once. Parsing, defaults, "did you mean", the JSON Schema for
// editors, `sluice config show` and the tables of docs/configuration.md all come from here.
namespace sluice::config {

enum class KeyType {
  kSection,  // a map with the keys of `children`
  kNamed,    // a map from instance names to sections with the keys of `children`
  kOptions,  // a map that belongs to a plugin
  kString,
  kLabel,  // short name made of letters, digits, '.', '_' and '-'
  kBool,
  kInteger,
  kNumber,
  kWorkers,  // an integer or `auto`
  kDuration,
  kDurations,
  kSize,
  kRate,
  kShare,    // a part of the whole, `5%` or 0.05
  kChoice,   // one of `choices`
  kPointer,  // JSON Pointer, RFC 6901
  kPointers,
  kInputFile,  // path of a file that must be readable
  kFolder,     // path of a folder
  kFolders,
  kListen,     // host:port, or `off`
  kRecordKey,  // one of `choices`, a list of JSON Pointers, or `{header: NAME}`
};

struct Key;
using Keys = std::span<const Key>;
using Choices = std::span<const std::string_view>;

struct Key {
  std::string_view name;
  KeyType type = KeyType::kString;
  std::string_view preset = {};  // default as the file would write it; empty: none
  std::string_view text = {};    // one sentence for people
  Keys children = {};
  Choices choices = {};
  bool required = false;
  bool live = false;                   // may change while the process runs
  std::string_view scalar_fills = {};  // section: the child that a plain value stands for
  std::string_view unbuilt = {};       // known, but refused: what is not available yet
  // Smallest and largest number (kDuration: milliseconds; kNamed, lists: how many).
  double least = 0;
  double most = 1e15;
};

// The top of the file.
Keys root_keys();
// Its parts, in files of their own.
Keys pipeline_keys();
Keys sink_keys();
Keys dead_letter_keys();  // of a pipeline
Keys schema_keys();       // likewise
Keys dlq_burst_keys();
const Key* find_key(Keys keys, std::string_view name);

// "a duration such as 200ms, 30s or 7d": what a value of this key looks like.
std::string_view type_words(KeyType type);
// Short name for the tables: "duration".
std::string_view type_name(KeyType type);

}  // namespace sluice::config
