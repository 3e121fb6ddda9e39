// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <algorithm>
#include <string>

#include "runtime/base/text.h"
#include "runtime/script/libraries.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/library_state.h"
#include "runtime/script/state.h"
#include "runtime/script/uuid.h"

// sluice.random and sluice.uuid. What looks random follows from the record, so that a redrive gives
// the same result as the first run.
namespace sluice::script {
namespace {

constexpr size_t kSeedPiece = 64 * 1024;  // of a long record, hashed between two charges

void add_to_seed(State& state, std::string_view text) {
  const uint64_t size = text.size();
  state.kit->digest.update({reinterpret_cast<const char*>(&size), sizeof size});
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, kSeedPiece);
    state.guard.spend(piece.size() * 3);
    state.kit->digest.update(piece);
    text.remove_prefix(piece.size());
  }
}

// The numbers of the current record, begun anew with each: by the record's text and key, and the
// script's name, so that a lift and a transform do not draw the same. Nothing of where it came
// from.
Random& numbers_of_record(lua_State* L, const char* function) {
  require_record(L, function);
  State& state = State::of(L);
  LibraryState& kit = *state.kit;
  const size_t place = state.batch_records == 0 ? 0 : state.generation - state.first_generation;
  if (place >= kit.numbers.size()) kit.numbers.resize(place + 1);
  LibraryState::Numbers& numbers = kit.numbers[place];
  if (numbers.generation == state.generation) return numbers.random;
  if (!kit.digest.start(Digest::Kind::kSha256)) {
    raise_error(L, std::string(function) + ": OpenSSL on this machine does not offer SHA-256");
  }
  add_to_seed(state, state.name);
  add_to_seed(state, state.meta->has_key ? state.meta->key : std::string_view());
  add_to_seed(state, state.overlay.document().text());
  numbers.random.seed(kit.digest.finish().first<32>());
  numbers.generation = state.generation;
  return numbers.random;
}

int sluice_random(lua_State* L) {
  constexpr char kName[] = "sluice.random";
  Random& random = numbers_of_record(L, kName);
  if (lua_isnoneornil(L, 1)) {
    lua_pushnumber(L, random.unit());
    return 1;
  }
  int64_t low = 1;
  int64_t high = integer_argument(L, 1, kName);
  if (!lua_isnoneornil(L, 2)) {
    low = high;
    high = integer_argument(L, 2, kName);
  }
  if (low > high) {
    raise_error(L, std::string(kName) + ": no number lies between " + std::to_string(low) +
                       " and " + std::to_string(high));
  }
  lua_pushinteger(L, random.between(low, high));
  return 1;
}

int push_uuid(lua_State* L, const Uuid& uuid) {
  const auto text = format_uuid(uuid);
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

void fill_random(Random& random, Uuid& uuid, size_t from) {
  uint64_t bits = 0;
  for (size_t i = from; i < uuid.size(); ++i) {
    if (i % 8 == 0 || i == from) bits = random.next();
    uuid[i] = static_cast<unsigned char>(bits >> 56);
    bits <<= 8;
  }
}

int uuid_v4(lua_State* L) {
  Uuid uuid{};
  fill_random(numbers_of_record(L, "sluice.uuid.v4"), uuid, 0);
  stamp_uuid(uuid, 4);
  return push_uuid(L, uuid);
}

int uuid_v7(lua_State* L) {
  constexpr char kName[] = "sluice.uuid.v7";
  Random& random = numbers_of_record(L, kName);
  int64_t ms = std::max<int64_t>(State::of(L).meta->time_us / 1000, 0);
  if (!lua_isnoneornil(L, 1)) ms = integer_argument(L, 1, kName, 0, (int64_t{1} << 48) - 1);
  Uuid uuid{};
  for (size_t i = 0; i < 6; ++i) uuid[i] = static_cast<unsigned char>(ms >> (40 - 8 * i));
  fill_random(random, uuid, 6);
  stamp_uuid(uuid, 7);
  return push_uuid(L, uuid);
}

// A namespace of RFC 9562 by its name, or a UUID as text.
Uuid namespace_argument(lua_State* L, const char* function) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kKnown{{
      {"dns", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
      {"url", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"},
      {"oid", "6ba7b812-9dad-11d1-80b4-00c04fd430c8"},
      {"x500", "6ba7b814-9dad-11d1-80b4-00c04fd430c8"},
  }};
  std::string_view text = text_argument(L, 1, function);
  for (const auto& [name, uuid] : kKnown) {
    if (text == name) text = uuid;
  }
  const auto uuid = parse_uuid(text);
  if (!uuid) {
    raise_error(L, std::string(function) +
                       ": the namespace must be a UUID, \"dns\", \"url\", \"oid\" or \"x500\", "
                       "found \"" +
                       shorten(text, 60) + "\"");
  }
  return *uuid;
}

int uuid_v5(lua_State* L) {
  constexpr char kName[] = "sluice.uuid.v5";
  State& state = State::of(L);
  const Uuid space = namespace_argument(L, kName);
  const std::string_view name = text_argument(L, 2, kName);
  Digest& digest = state.kit->digest;
  if (!digest.start(Digest::Kind::kSha1)) {
    raise_error(L, std::string(kName) + ": OpenSSL on this machine does not offer SHA-1");
  }
  digest.update({reinterpret_cast<const char*>(space.data()), space.size()});
  for (std::string_view rest = name; !rest.empty();
       rest = rest.substr(std::min(rest.size(), kSeedPiece))) {
    const std::string_view piece = rest.substr(0, kSeedPiece);
    state.guard.spend(piece.size() * 3);
    digest.update(piece);
  }
  Uuid uuid{};
  std::copy_n(digest.finish().begin(), uuid.size(), uuid.begin());
  stamp_uuid(uuid, 5);
  return push_uuid(L, uuid);
}

// Anything may be asked: what is no text is no UUID.
std::optional<Uuid> uuid_argument(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) return std::nullopt;
  return parse_uuid(bytes_at(L, 1));
}

int uuid_is(lua_State* L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, uuid_argument(L) ? 1 : 0);
  return 1;
}

int uuid_parse(lua_State* L) {
  luaL_checkany(L, 1);
  if (const auto uuid = uuid_argument(L)) return push_uuid(L, *uuid);
  lua_pushnil(L);
  return 1;
}

}  // namespace

void add_random(lua_State* L) {
  lua_pushcfunction(L, sluice_random);
  lua_setfield(L, -2, "random");
  const luaL_Reg uuid[] = {{"v4", uuid_v4}, {"v5", uuid_v5},       {"v7", uuid_v7},
                           {"is", uuid_is}, {"parse", uuid_parse}, {nullptr, nullptr}};
  luaL_newlib(L, uuid);
  lua_setfield(L, -2, "uuid");
}

}  // namespace sluice::script
