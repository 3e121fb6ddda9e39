// SPDX-License-Identifier: Apache-2.0
// A profile as bytes: "SLP1", records, refused, number of paths, then each path. Numbers are
// little-endian base-128 varints, doubles their eight bytes, texts a length and bytes.
#include <cstring>
#include <utility>

#include "runtime/schema/drift/profile.h"

namespace sluice::drift {
namespace {

constexpr std::string_view kMagic = "SLP1";
constexpr unsigned kElement = 1;
constexpr unsigned kMapLike = 2;
constexpr unsigned kHidden = 4;
constexpr unsigned kManyValues = 8;

void put(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void put(std::string& out, double value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void put(std::string& out, std::string_view text) {
  put(out, uint64_t{text.size()});
  out += text;
}

}  // namespace

// Reads with every bound checked; once something is wrong all further answers are 0.
class ProfileDecoder {
 public:
  explicit ProfileDecoder(std::string_view bytes) : rest_(bytes) {}

  uint64_t number() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    good_ = false;
    return 0;
  }
  double real() {
    double value = 0;
    if (rest_.size() < sizeof value) {
      good_ = false;
      return 0;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view text() {
    const uint64_t size = number();
    if (size > rest_.size()) {
      good_ = false;
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }

  bool path(Profile& profile) {
    const uint64_t parent = number();
    const uint64_t flags = number();
    const std::string_view name = text();
    Profile::Id id = Profile::kRoot;
    if (first_) {
      first_ = false;
    } else {
      if (!good_ || parent >= profile.size()) return false;
      profile.new_left_ = 1;
      id = profile.add(static_cast<Profile::Id>(parent), name, (flags & kElement) != 0);
      if (id == Profile::kNone) return false;
    }
    Profile::Path& to = profile.paths_[id];
    to.map_like = (flags & kMapLike) != 0;
    to.hidden = (flags & kHidden) != 0;
    to.facts.seen = number();
    to.facts.objects = number();
    to.facts.found.types = static_cast<TypeMask>(number() & kAnyType);
    to.facts.found.forms = static_cast<FormMask>(number());
    to.facts.found.longest = static_cast<uint32_t>(number());
    to.facts.found.low = real();
    to.facts.found.high = real();
    const uint64_t values = number();
    if (values > ValueSet::kMost) return false;
    for (uint64_t i = 0; i < values; ++i) to.facts.values.add(text());
    if ((flags & kManyValues) != 0) to.facts.values.forget();
    return good_;
  }

  [[nodiscard]] bool ended() const { return good_ && rest_.empty(); }
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
  bool first_ = true;
};

std::string Profile::encode() const {
  std::string out(kMagic);
  put(out, records_);
  put(out, refused_);
  put(out, uint64_t{paths_.size()});
  for (const Path& path : paths_) {
    const Facts& facts = path.facts;
    put(out, uint64_t{path.parent == kNone ? 0 : path.parent});
    put(out, uint64_t{(path.element ? kElement : 0) | (path.map_like ? kMapLike : 0) |
                      (path.hidden ? kHidden : 0) | (facts.values.over() ? kManyValues : 0)});
    put(out, std::string_view(path.name));
    put(out, facts.seen);
    put(out, facts.objects);
    put(out, uint64_t{facts.found.types});
    put(out, uint64_t{facts.found.forms});
    put(out, uint64_t{facts.found.longest});
    put(out, facts.found.low);
    put(out, facts.found.high);
    put(out, uint64_t{facts.values.texts().size()});
    for (const std::string& text : facts.values.texts()) put(out, std::string_view(text));
  }
  return out;
}

std::optional<Profile> Profile::decode(std::string_view bytes, const Bounds& bounds) {
  if (!bytes.starts_with(kMagic)) return std::nullopt;
  ProfileDecoder decoder(bytes.substr(kMagic.size()));
  Profile profile(bounds);
  profile.records_ = decoder.number();
  const uint64_t refused = decoder.number();
  const uint64_t count = decoder.number();
  if (!decoder.good() || count == 0 || count > bounds.paths) return std::nullopt;
  for (uint64_t i = 0; i < count; ++i) {
    if (!decoder.path(profile)) return std::nullopt;
  }
  if (!decoder.ended()) return std::nullopt;
  profile.refused_ = refused;
  return profile;
}

}  // namespace sluice::drift
