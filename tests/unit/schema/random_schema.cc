// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema/random_schema.h"

namespace sluice::testing {

std::string RandomSchema::number() { return std::to_string(pick(7) - 3); }

std::string RandomSchema::text() {
  constexpr const char* kSpecial[] = {"2024-02-29", "2023-02-29",           "23:59:60Z",
                                      "12:00:60Z",  "2024-02-29T12:00:00Z", "12:00:00Z"};
  if (pick(6) == 0) return kSpecial[pick(6)];
  return std::string(static_cast<size_t>(pick(4)), static_cast<char>('a' + pick(2)));
}

std::string RandomSchema::name() {
  return std::string("\"") + static_cast<char>('a' + pick(3)) + "\"";
}

template <typename Make>
std::string RandomSchema::list(Make&& make) {
  std::string out = "[";
  for (int i = pick(3); i >= 0; --i) out += (out.size() > 1 ? "," : "") + make();
  return out + "]";
}

std::string RandomSchema::record(int depth) {
  switch (pick(depth > 0 ? 8 : 6)) {
    case 0:
      return "null";
    case 1:
      return "true";
    case 2:
      return number();
    case 3:
      return pick(8) == 0 ? "2.0" : (pick(2) != 0 ? "2.5" : "-1.5");
    case 4:
    case 5:
      return "\"" + text() + "\"";
    case 6:
      return list([&] { return record(depth - 1); });
    default: {
      std::string out = "{";
      for (const char* name : {"a", "b", "c"}) {
        if (pick(2) == 0) continue;
        out += (out.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + record(depth - 1);
      }
      return out + "}";
    }
  }
}

std::string RandomSchema::document() {
  std::string out = schema(3);
  if (out.size() <= 2 || out.front() != '{') return out;
  // What is referred to refers to nothing, so that no schema comes back to itself.
  return R"({"definitions":{"x":)" + schema(0) + ",\"y\":" + schema(0) + "},\n" + out.substr(1);
}

std::string RandomSchema::schema(int depth) {
  if (pick(12) == 0) return pick(4) != 0 ? "true" : "false";
  if (depth > 0 && pick(12) == 0) {
    return pick(2) != 0 ? R"({"$ref":"#/definitions/x"})" : R"({"$ref":"#/definitions/y"})";
  }
  std::string out = "{";
  for (int i = pick(3); i >= 0; --i) {
    const std::string one = keyword(depth);
    const std::string key = one.substr(0, one.find(':'));
    const bool twice =
        out.find("{" + key + ":") == 0 || out.find("\n," + key + ":") != std::string::npos;
    if (!twice) out += (out.size() > 1 ? "\n," : "") + one;
  }
  return out + "}";
}

std::string RandomSchema::keyword(int depth) {
  if (depth > 0 && modern_ && pick(4) == 0) return modern_keyword(depth);
  return depth > 0 && pick(2) != 0 ? container_keyword(depth) : value_keyword();
}

std::string RandomSchema::value_keyword() {
  switch (pick(18)) {
    case 0:
      return R"("type":"integer")";
    case 1:
      return R"("type":["string","object"])";
    case 2:
      return R"("type":["number","array","null"])";
    case 3:
      return "\"minimum\":" + number();
    case 4:
      return "\"exclusiveMaximum\":" + number();
    case 5:
      return "\"multipleOf\":" + std::to_string(1 + pick(3)) + (pick(4) == 0 ? "" : ".5");
    case 6:
      return "\"minLength\":" + std::to_string(pick(3));
    case 7:
      return "\"maxLength\":" + std::to_string(pick(3));
    case 8:
      return "\"maxItems\":" + std::to_string(pick(3));
    case 9:
      return R"("uniqueItems":true)";
    case 10:
      return R"("required":[)" + name() + "]";
    case 11:
      return "\"maxProperties\":" + std::to_string(pick(3));
    case 12:
      return "\"enum\":" + list([&] { return record(1); });
    case 13:
      return "\"const\":" + record(1);
    case 14:
      return pick(2) != 0 ? R"("pattern":"^a*$")" : R"("pattern":"b|^$")";
    case 15:
    case 16:
      // valijson throws when it asks the format of what is no string.
      return std::string(R"("if":{"type":"string"},"then":{"format":)") +
             (pick(2) != 0 ? R"("date"})" : (pick(2) != 0 ? R"("time"})" : R"("date-time"})"));
    default:
      return "\"minItems\":" + std::to_string(pick(3));
  }
}

std::string RandomSchema::container_keyword(int depth) {
  const auto below = [this, depth] { return schema(depth - 1); };
  switch (pick(15)) {
    case 0:
      return "\"items\":" + below();
    case 1:
      return modern_ ? "\"prefixItems\":" + list(below)
                     : "\"items\":" + list(below) + ",\"additionalItems\":" + below();
    case 2:
      return "\"contains\":" + below();
    case 3:
    case 4:
      return R"("properties":{"a":)" + below() + ",\"b\":" + below() + "}";
    case 5:
      return "\"additionalProperties\":" + below();
    case 6:
      return R"("propertyNames":{"enum":["a","b"]})";
    case 7:
      return R"("patternProperties":{"^[ab]$":)" + below() + "}";
    case 8:
      return R"("dependencies":{"a":["b"],"b":)" + below() + "}";
    case 9:
      return "\"allOf\":" + list(below);
    case 10:
      return "\"anyOf\":" + list(below);
    case 11:
      return "\"oneOf\":" + list(below);
    case 12:
      return "\"not\":" + below();
    default:
      return "\"if\":" + below() + ",\"then\":" + below() + ",\"else\":" + below();
  }
}

std::string RandomSchema::modern_keyword(int depth) {
  const auto below = [this, depth] { return schema(depth - 1); };
  switch (pick(7)) {
    case 0:
    case 1:
      return "\"unevaluatedProperties\":" + below();
    case 2:
      return "\"unevaluatedItems\":" + below();
    case 3:
      return "\"minContains\":" + std::to_string(pick(3));
    case 4:
      return "\"maxContains\":" + std::to_string(pick(3));
    case 5:
      return R"("dependentSchemas":{"a":)" + below() + "}";
    default:
      return R"("$dynamicRef":"#/definitions/x")";
  }
}

}  // namespace sluice::testing
