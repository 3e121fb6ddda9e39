// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

struct DeadLetter;

// What letters that failed alike have in common. Pure functions of a letter's text, so that stores
// can keep letters by class and a count of a million needs no look at any of them.

// A JSON Pointer with `*` for what differs from record to record: places in arrays, and names that
// look like numbers or ids. Bounded in length.
std::string letter_path(std::string_view pointer);
// The message of a failure without what is the record's own: numbers, ids and quoted values that
// were found. Of several failures in one message the first. Bounded in length.
std::string letter_shape(std::string_view detail);
// Twelve hexadecimal digits that name a group of alike failures: same pipeline, reason, stage,
// sink, path and shape.
std::string letter_group(std::string_view pipeline, std::string_view reason, std::string_view stage,
                         std::string_view sink, std::string_view path, std::string_view shape);

// Letters that agree in all of this.
struct LetterClass {
  std::string group;
  std::string tenant;
  std::string pipeline;
  std::string source;
  std::string reason;
  std::string stage;
  std::string sink;
  std::string path;
  std::string shape;
  std::string schema_version;
  std::string script_hash;
  std::string bundle_hash;
};
LetterClass class_of(const DeadLetter& letter);

}  // namespace sluice
