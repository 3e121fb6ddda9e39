// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/spool_files.h"
#include "runtime/base/byte_coding.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>

#include "runtime/base/file.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

// 1 had records among the rest.
constexpr uint64_t kSpoolFormat = 3;
// Its records are read as they are: they keep the original bytes whole. The next one to write
// raises the number, for older programs cannot read what it writes.
constexpr uint64_t kReadableFormat = 2;
constexpr std::string_view kFormatKey = "v";
constexpr const char* kMarkFile = "acknowledged";
constexpr size_t kMarkBytes = 20;  // two numbers and their CRC-32

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

Status folder_failed(const fs::path& path, std::string_view doing, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return {full ? Code::kExhausted : Code::kUnavailable,
          path.string() + ": " + std::string(doing) + ": " + errno_text(error) +
              (full ? "; free space on the disk and try again"
                    : "; check that the state folder exists and is writable by this user")};
}

std::string mark_bytes(uint64_t sequence, uint64_t records) {
  std::string out;
  append_big_endian(out, sequence);
  append_big_endian(out, records);
  const auto* data = reinterpret_cast<const Bytef*>(out.data());
  append_big_endian(out, static_cast<uint32_t>(crc32_z(0, data, out.size())));
  return out;
}

Status put_format(RocksDb& db) {
  RocksBatch batch = db.batch();
  std::string value;
  append_varint(value, kSpoolFormat);
  batch.put(kFormatKey, value);
  return db.write(batch, true);
}

}  // namespace

fs::path spool_folder(const fs::path& state_dir, std::string_view sink) {
  std::string name;
  for (const char c : sink) {
    if (plain(c)) {
      name += c;
      continue;
    }
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    name += '%';
    name += kDigits[byte >> 4];
    name += kDigits[byte & 15];
  }
  return state_dir / "spool" / name;
}

std::string spool_sink_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string sink;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '%' && i + 2 < name.size() && digit(name[i + 1]) >= 0 &&
        digit(name[i + 2]) >= 0) {
      sink += static_cast<char>(digit(name[i + 1]) * 16 + digit(name[i + 2]));
      i += 2;
    } else {
      sink += name[i];
    }
  }
  return sink;
}

RocksOptions spool_options(const fs::path& state_dir, std::string_view sink) {
  RocksOptions options;
  const fs::path folder = spool_folder(state_dir, sink);
  options.dir = folder / kSpoolDatabase;
  options.rising_keys = true;
  options.repair = "sluice spool salvage --sink " + std::string(sink);
  options.loss = "the records in it are then not delivered";
  options.keep_torn_in = folder / "damaged" / "torn";
  options.apart = {kRecordSpace, kIndexSpace};
  return options;
}

Status make_spool_folder(const fs::path& folder) {
  const fs::path parent = folder.parent_path();
  for (const fs::path& path : {parent, folder}) {
    if (::mkdir(path.c_str(), 0700) == 0) {
      SLUICE_RETURN_IF_ERROR(sync_folder(path.parent_path()));
    } else if (errno != EEXIST) {
      return folder_failed(path, "creating", errno);
    }
  }
  return Status::ok();
}

Status sync_folder(const fs::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return folder_failed(path, "syncing", errno);
  return Status::ok();
}

Status finish_salvage(const fs::path& folder) {
  const fs::path made = folder / kSalvagedDatabase;
  const fs::path place = folder / kSpoolDatabase;
  std::error_code error;
  if (fs::exists(place, error) || !fs::exists(made, error)) return Status::ok();
  // The mark spoke of the old one.
  fs::remove(folder / kMarkFile, error);
  if (!error) fs::rename(made, place, error);
  if (error) return folder_failed(made, "putting it into place", error.value());
  return sync_folder(folder);
}

std::string spool_key(char space, uint64_t number) {
  std::string key(1, space);
  append_big_endian(key, number);
  return key;
}

std::optional<uint64_t> spool_key_number(char space, std::string_view key) {
  if (key.size() != 9 || key.front() != space) return std::nullopt;
  return ByteReader(key.substr(1)).big_endian<uint64_t>();
}

std::string encode_spool_entry(const SpoolEntry& entry) {
  std::string out;
  append_varint(out, entry.lane);
  append_varint(out, entry.part);
  append_varint(out, entry.position);
  append_varint(out, entry.bytes);
  append_signed(out, entry.spooled_us);
  if (entry.epoch != 0) append_varint(out, entry.epoch);
  return out;
}

std::optional<SpoolEntry> decode_spool_entry(std::string_view bytes) {
  ByteReader in(bytes);
  SpoolEntry entry;
  entry.lane = in.varint32();
  entry.part = in.varint32();
  entry.position = in.varint();
  entry.bytes = in.varint();
  entry.spooled_us = in.signed_varint();
  if (in.left() != 0) entry.epoch = in.varint32();
  if (!in.at_end()) return std::nullopt;
  return entry;
}

std::string encode_lane_name(std::string_view source, std::string_view lane) {
  std::string out;
  append_text(out, source);
  append_text(out, lane);
  return out;
}

std::optional<SpoolLaneName> decode_lane_name(std::string_view bytes) {
  ByteReader in(bytes);
  SpoolLaneName name;
  name.source = in.text();
  name.lane = in.text();
  if (!in.at_end()) return std::nullopt;
  return name;
}

std::string encode_damaged(const DamagedRecord& record) {
  std::string out;
  append_text(out, record.source);
  append_text(out, record.lane);
  append_varint(out, record.position);
  append_varint(out, record.part);
  append_signed(out, record.found_us);
  append_text(out, record.why);
  append_text(out, record.bytes);
  return out;
}

std::optional<DamagedRecord> decode_damaged(uint64_t id, std::string_view bytes) {
  ByteReader in(bytes);
  DamagedRecord record;
  record.id = id;
  record.source = in.text();
  record.lane = in.text();
  record.position = in.varint();
  record.part = in.varint32();
  record.found_us = in.signed_varint();
  record.why = in.text();
  record.bytes = in.text();
  if (!in.at_end()) return std::nullopt;
  return record;
}

Status check_spool_format(RocksDb& db, std::string_view sink) {
  SLUICE_ASSIGN_OR_RETURN(const auto found, db.get(kFormatKey));
  // When there is none it was made a moment ago, or not quite yet.
  if (!found) return db.options().read_only ? Status::ok() : put_format(db);
  const std::string number = found.value_or("");
  ByteReader in(number);
  const uint64_t format = in.varint();
  if (in.at_end() && format == kSpoolFormat) return Status::ok();
  if (in.at_end() && format == kReadableFormat) {
    return db.options().read_only ? Status::ok() : put_format(db);
  }
  if (in.at_end() && format < kSpoolFormat) {
    return invalid("the spool of " + std::string(sink) + ": written by an older Sluice (format " +
                   std::to_string(format) + ", this program knows " + std::to_string(kSpoolFormat) +
                   "); let that one deliver what is in it, then remove " +
                   db.options().dir.string());
  }
  if (in.at_end() && format > kSpoolFormat) {
    return invalid("the spool of " + std::string(sink) + ": written by a newer Sluice (format " +
                   std::to_string(format) + ", this program knows " + std::to_string(kSpoolFormat) +
                   "); upgrade this program, or let the newer one deliver what is in it first");
  }
  return {Code::kCorrupt, db.options().dir.string() +
                              ": its format number cannot be read; stop the runtime and run `" +
                              db.options().repair + "`"};
}

Result<std::unique_ptr<RocksDb>> open_spool_database(const RocksOptions& options,
                                                     std::string_view sink) {
  auto db = RocksDb::open(options);
  if (db.status().code() != Code::kCorrupt) return db;
  // One of format 1 lacks the parts, which is no damage.
  RocksOptions undivided = options;
  undivided.apart.clear();
  undivided.read_only = true;
  const auto whole = RocksDb::open(undivided);
  if (!whole) return db;
  Status format = check_spool_format(**whole, sink);
  if (format.code() == Code::kInvalid) return format;
  return db;
}

Result<AcknowledgedMark> AcknowledgedMark::open(const fs::path& folder, bool read_only) {
  AcknowledgedMark mark;
  mark.path_ = folder / kMarkFile;
  const int access = read_only ? O_RDONLY : O_RDWR | O_CREAT;
  mark.file_.reset(::open(mark.path_.c_str(), access | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!mark.file_) {
    if (read_only && errno == ENOENT) return mark;
    return folder_failed(mark.path_, "opening", errno);
  }
  char bytes[kMarkBytes];
  const ssize_t n = ::pread(mark.file_.get(), bytes, sizeof bytes, 0);
  if (n < 0) return folder_failed(mark.path_, "reading", errno);
  const std::string_view text(bytes, static_cast<size_t>(n));
  ByteReader in(text);
  const auto sequence = in.big_endian<uint64_t>();
  const auto records = in.big_endian<uint64_t>();
  // Torn by a power loss: as if it lagged behind.
  if (text == mark_bytes(sequence, records)) {
    mark.sequence_ = sequence;
    mark.records_ = records;
  }
  return mark;
}

Status AcknowledgedMark::set(uint64_t sequence, uint64_t records) {
  const std::string bytes = mark_bytes(sequence, records);
  const ssize_t n = ::pwrite(file_.get(), bytes.data(), bytes.size(), 0);
  if (n != static_cast<ssize_t>(bytes.size())) {
    return folder_failed(path_, "writing", n < 0 ? errno : ENOSPC);
  }
  sequence_ = sequence;
  records_ = records;
  return Status::ok();
}

Status check_acknowledged(const AcknowledgedMark& mark, const RocksDb& db) {
  if (db.last_sequence() >= mark.sequence()) return Status::ok();
  return {Code::kCorrupt,
          db.options().dir.string() + ": its end is missing: changes up to number " +
              std::to_string(mark.sequence()) + " were acknowledged, it has them up to " +
              std::to_string(db.last_sequence()) +
              " (a file was cut off or replaced by an older one); put the missing files back, or "
              "accept the loss: stop the runtime and run `" +
              db.options().repair + "`"};
}

}  // namespace sluice::store
