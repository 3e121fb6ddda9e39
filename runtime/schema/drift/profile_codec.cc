// SPDX-License-Identifier: Apache-2.0
// A profile as bytes: "SLP1", records, refused, number of paths, then each path. Numbers are
// little-endian base-128 varints, doubles their eight bytes, texts a length and bytes.
#include <utility>

#include "runtime/base/byte_coding.h"
#include "runtime/schema/drift/profile.h"

namespace sluice::drift {
namespace {

constexpr std::string_view kMagic = "SLP1";
constexpr unsigned kElement = 1;
constexpr unsigned kMapLike = 2;
constexpr unsigned kHidden = 4;
constexpr unsigned kManyValues = 8;

}  // namespace

// Once something is wrong all further answers are 0.
class ProfileDecoder {
 public:
  explicit ProfileDecoder(std::string_view bytes) : in_(bytes) {}

  uint64_t number() { return in_.varint(); }

  bool path(Profile& profile) {
    const uint64_t parent = number();
    const uint64_t flags = number();
    const std::string_view name = in_.text();
    Profile::Id id = Profile::kRoot;
    if (first_) {
      first_ = false;
    } else {
      if (!in_.ok() || parent >= profile.size()) return false;
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
    to.facts.found.low = in_.real();
    to.facts.found.high = in_.real();
    const uint64_t values = number();
    if (values > ValueSet::kMost) return false;
    for (uint64_t i = 0; i < values; ++i) to.facts.values.add(in_.text());
    if ((flags & kManyValues) != 0) to.facts.values.forget();
    return in_.ok();
  }

  [[nodiscard]] bool ended() const { return in_.at_end(); }
  [[nodiscard]] bool good() const { return in_.ok(); }

 private:
  ByteReader in_;
  bool first_ = true;
};

std::string Profile::encode() const {
  std::string out(kMagic);
  append_varint(out, records_);
  append_varint(out, refused_);
  append_varint(out, uint64_t{paths_.size()});
  for (const Path& path : paths_) {
    const Facts& facts = path.facts;
    append_varint(out, uint64_t{path.parent == kNone ? 0 : path.parent});
    append_varint(out,
                  uint64_t{(path.element ? kElement : 0) | (path.map_like ? kMapLike : 0) |
                           (path.hidden ? kHidden : 0) | (facts.values.over() ? kManyValues : 0)});
    append_text(out, path.name);
    append_varint(out, facts.seen);
    append_varint(out, facts.objects);
    append_varint(out, uint64_t{facts.found.types});
    append_varint(out, uint64_t{facts.found.forms});
    append_varint(out, uint64_t{facts.found.longest});
    append_double(out, facts.found.low);
    append_double(out, facts.found.high);
    append_varint(out, uint64_t{facts.values.texts().size()});
    for (const std::string& text : facts.values.texts()) append_text(out, text);
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
