// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>
#include <lua.hpp>

#include <algorithm>
#include <array>
#include <string>

#include "runtime/base/text.h"
#include "runtime/script/libraries.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/library_state.h"
#include "runtime/script/state.h"

// sluice.hash and sluice.base64.
namespace sluice::script {
namespace {

constexpr size_t kPiece = 64 * 1024;  // of a long text, hashed between two charges

int push_digest(lua_State* L, Digest::Kind kind, const char* function) {
  State& state = State::of(L);
  std::string_view text = text_argument(L, 1, function);
  Digest& digest = state.kit->digest;
  if (!digest.start(kind)) {
    raise_error(L, std::string(function) +
                       ": OpenSSL on this machine does not offer it; use sluice.hash.sha256");
  }
  state.guard.spend(500);
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, kPiece);
    state.guard.spend(piece.size() * 3);
    digest.update(piece);
    text.remove_prefix(piece.size());
  }
  static constexpr char kHex[] = "0123456789abcdef";
  std::array<char, 128> hex{};
  size_t size = 0;
  for (const unsigned char byte : digest.finish()) {
    hex[size++] = kHex[byte >> 4];
    hex[size++] = kHex[byte & 0xF];
  }
  lua_pushlstring(L, hex.data(), size);
  return 1;
}

int hash_md5(lua_State* L) { return push_digest(L, Digest::Kind::kMd5, "sluice.hash.md5"); }
int hash_sha1(lua_State* L) { return push_digest(L, Digest::Kind::kSha1, "sluice.hash.sha1"); }
int hash_sha256(lua_State* L) {
  return push_digest(L, Digest::Kind::kSha256, "sluice.hash.sha256");
}

int hash_crc32(lua_State* L) {
  State& state = State::of(L);
  std::string_view text = text_argument(L, 1, "sluice.hash.crc32");
  uLong value = crc32_z(0, nullptr, 0);
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, kPiece);
    state.guard.spend(piece.size());
    value = crc32_z(value, reinterpret_cast<const Bytef*>(piece.data()), piece.size());
    text.remove_prefix(piece.size());
  }
  lua_pushinteger(L, static_cast<lua_Integer>(value));
  return 1;
}

constexpr char kStandard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kForUrls[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Six bits of a character of either alphabet, or -1.
constexpr std::array<int, 256> sextets() {
  std::array<int, 256> table{};
  table.fill(-1);
  for (int i = 0; i < 64; ++i) {
    table[static_cast<unsigned char>(kStandard[i])] = i;
    table[static_cast<unsigned char>(kForUrls[i])] = i;
  }
  return table;
}
constexpr std::array<int, 256> kSextets = sextets();

int base64_encode(lua_State* L) {
  constexpr char kName[] = "sluice.base64.encode";
  State& state = State::of(L);
  const std::string_view text = text_argument(L, 1, kName);
  bool url = false;
  if (check_options_table(L, 2, kName, {"url"})) {
    lua_pushliteral(L, "url");
    lua_rawget(L, 2);
    url = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
  }
  const char* const alphabet = url ? kForUrls : kStandard;
  state.guard.expect(text.size() / 3 * 4 + 4);
  state.guard.spend(text.size() + 20);
  luaL_Buffer buffer;
  char* to = luaL_buffinitsize(L, &buffer, text.size() / 3 * 4 + 4);
  const char* const start = to;
  for (size_t i = 0; i < text.size(); i += 3) {
    const auto byte = [&](size_t k) -> uint32_t {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0;
    };
    const uint32_t bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    const size_t digits = std::min<size_t>(text.size() - i, 3) + 1;
    for (size_t k = 0; k < digits; ++k) *to++ = alphabet[bits >> (18 - 6 * k) & 63];
    for (size_t k = digits; k < 4 && !url; ++k) *to++ = '=';
  }
  luaL_pushresultsize(&buffer, static_cast<size_t>(to - start));
  return 1;
}

[[noreturn]] void refuse_base64(lua_State* L, size_t at, const char* why) {
  raise_error(L, std::string("sluice.base64.decode: ") + why + " at byte " +
                     std::to_string(at + 1) + " of \"" + shorten(bytes_at(L, 1), 60) + "\"");
}

// Both alphabets, with or without padding. What is no base64 is refused to the last bit, so that
// two texts never mean the same bytes by an oversight.
int base64_decode(lua_State* L) {
  State& state = State::of(L);
  std::string_view text = text_argument(L, 1, "sluice.base64.decode");
  state.guard.expect(text.size());
  state.guard.spend(text.size() + 20);
  const size_t whole = text.size();
  while (whole - text.size() < 2 && !text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() != whole && whole % 4 != 0) refuse_base64(L, text.size(), "wrong padding");
  if (text.size() % 4 == 1) refuse_base64(L, text.size(), "the text ends too early");
  luaL_Buffer buffer;
  char* const start = luaL_buffinitsize(L, &buffer, text.size() / 4 * 3 + 3);
  char* to = start;
  uint32_t bits = 0;
  int held = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const int sextet = kSextets[static_cast<unsigned char>(text[i])];
    if (sextet < 0) refuse_base64(L, i, "a character that is not base64");
    bits = bits << 6 | static_cast<uint32_t>(sextet);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    *to++ = static_cast<char>(bits >> held & 0xFF);
  }
  if ((bits & ((1U << held) - 1)) != 0) {
    refuse_base64(L, text.size() - 1, "bits left over in the last character");
  }
  luaL_pushresultsize(&buffer, static_cast<size_t>(to - start));
  return 1;
}

}  // namespace

void add_hash(lua_State* L) {
  const luaL_Reg hash[] = {{"md5", hash_md5},
                           {"sha1", hash_sha1},
                           {"sha256", hash_sha256},
                           {"crc32", hash_crc32},
                           {nullptr, nullptr}};
  luaL_newlib(L, hash);
  lua_setfield(L, -2, "hash");
  const luaL_Reg base64[] = {
      {"encode", base64_encode}, {"decode", base64_decode}, {nullptr, nullptr}};
  luaL_newlib(L, base64);
  lua_setfield(L, -2, "base64");
}

}  // namespace sluice::script
