// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "runtime/base/status.h"
#include "runtime/config/keys.h"
#include "runtime/config/value.h"
#include "runtime/config/yaml.h"

namespace sluice::config {

// Reads the text of one scalar, or of one item of a list, as the key's type says, limits included.
// `quoted`: the file marks it as text, so it is no number. Relative paths become absolute from
// `base`. The error says what was expected, never what was found.
Result<Value::Data> read_scalar(const Key& key, std::string_view text, bool quoted,
                                const std::filesystem::path& base);

// What the key takes, after "expected": "a whole number", "lane or none".
std::string expected_words(const Key& key);

// The type of a list's items; the type itself for others.
KeyType item_type(KeyType type);
inline bool is_list(KeyType type) { return item_type(type) != type; }

// What a message shows of a scalar: `"5x"`, or its placeholder when the value is a secret.
std::string found_text(const YamlNode& node);

// The text of a checked scalar in the file's own notation, so that it reads back equal.
std::string scalar_text(const Key& key, const Value::Data& data);
std::string exact_size(uint64_t bytes);
std::string exact_number(double number);

}  // namespace sluice::config
