// SPDX-License-Identifier: Apache-2.0
// Scripts: any Lua on any record. The first byte says whether the rest is Lua itself or choices of
// a grammar, which makes both the script and the record.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/check.h"
#include "tests/fuzz/script/check_script.h"
#include "tests/fuzz/script/lua_grammar.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 4096) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string text(rest);
  std::string record = R"({"a":1,"b":"x","l":[1,2,{"c":null}],"o":{"s":"y","n":1.50}})";
  if (data[0] % 4 != 0) {
    const size_t half = std::min<size_t>(rest.size() / 4, 64);
    record = sluice::LuaGrammar(rest.substr(0, half)).record();
    text = sluice::LuaGrammar(rest.substr(half)).script();
  }
  const std::string wrong = sluice::check_script(text, record);
  SLUICE_CHECK(wrong.empty(), wrong.c_str());
  return 0;
}
