// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal to the answers of this module: pulls RapidJSON in.
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <string>

#include "runtime/pipeline/bundle_change.h"

namespace sluice::admin {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

// Errors may carry what a file says: bytes that are not UTF-8 become '?'.
void put_text(Writer& writer, std::string text);
// A member; null for an empty text, or a time of 0.
void put(Writer& writer, const char* name, const std::string& value);
void put_time(Writer& writer, const char* name, int64_t us);
// A change as one object.
void put_change(Writer& writer, const BundleChange& change);
std::string text_of(const rapidjson::StringBuffer& buffer);

}  // namespace sluice::admin
