// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/answer_json.h"

#include "runtime/base/text.h"

namespace sluice::admin {

void put_text(Writer& writer, std::string text) {
  for (size_t at = utf8_valid_prefix(text); at < text.size(); at = utf8_valid_prefix(text)) {
    text[at] = '?';
  }
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void put(Writer& writer, const char* name, const std::string& value) {
  writer.Key(name);
  if (value.empty()) {
    writer.Null();
  } else {
    put_text(writer, value);
  }
}

void put_time(Writer& writer, const char* name, int64_t us) {
  put(writer, name, us == 0 ? std::string() : format_time_us(us));
}

void put_change(Writer& writer, const BundleChange& change) {
  const std::string object = "{" + change_members(change, false) + "}";
  writer.RawValue(object.data(), object.size(), rapidjson::kObjectType);
}

std::string text_of(const rapidjson::StringBuffer& buffer) {
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace sluice::admin
