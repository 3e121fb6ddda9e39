// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/elf_reader.h"

#include <elf.h>
#include <sluice/plugin.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/text.h"

namespace sluice {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr uint16_t kMachine = EM_RISCV;
#else
#error "name this machine's ELF number here"
#endif
static_assert(sizeof(void*) == 8, "the ABI is 64-bit only");

constexpr std::string_view kSymbolStem = "sluice_plugin_v";
constexpr uint64_t kMaxSymbols = 1'000'000;

std::string machine_name(uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "AArch64";
    case EM_RISCV:
      return "RISC-V";
    case EM_386:
      return "i386";
    case EM_ARM:
      return "32-bit ARM";
    case EM_PPC64:
      return "PowerPC64";
    case EM_S390:
      return "S/390";
    default:
      return "number " + std::to_string(machine);
  }
}

// Copies structs out of the file; nothing when they would reach past its end.
class Reader {
 public:
  explicit Reader(std::span<const unsigned char> bytes) : bytes_(bytes) {}

  template <typename T>
  [[nodiscard]] std::optional<T> at(uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  // The i-th of an array of `step`-byte entries; guards the multiplication too.
  template <typename T>
  [[nodiscard]] std::optional<T> item(uint64_t start, uint64_t i, uint64_t step) const {
    if (step != 0 && i > (std::numeric_limits<uint64_t>::max() - start) / step) return std::nullopt;
    return at<T>(start + i * step);
  }
  // A NUL-terminated string; nothing when it does not end inside [start, end).
  [[nodiscard]] std::optional<std::string_view> text(uint64_t start, uint64_t end) const {
    end = std::min<uint64_t>(end, bytes_.size());
    if (start >= end) return std::nullopt;
    const auto* first = reinterpret_cast<const char*>(bytes_.data()) + start;
    const void* nul = std::memchr(first, 0, end - start);
    if (nul == nullptr) return std::nullopt;
    return std::string_view(first, static_cast<size_t>(static_cast<const char*>(nul) - first));
  }
  [[nodiscard]] uint64_t size() const { return bytes_.size(); }

 private:
  std::span<const unsigned char> bytes_;
};

Status truncated(const Reader& file, std::string_view what) {
  return invalid("truncated: " + std::string(what) + " reaches past the end of the file (" +
                 std::to_string(file.size()) + " bytes); copy or build it again");
}

// Everything that can be said from the first 64 bytes.
Result<Elf64_Ehdr> read_header(const Reader& file, std::span<const unsigned char> bytes) {
  const size_t head = std::min<size_t>(bytes.size(), SELFMAG);
  if (head == 0) return invalid("not a shared library: the file is empty; build it again");
  if (std::memcmp(bytes.data(), ELFMAG, head) != 0) {
    std::string start;
    append_escaped(
        start, {reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 16)});
    return invalid("not a shared library: it begins with \"" + start +
                   "\", expected an ELF header; build it with sluice_add_plugin()");
  }
  if (bytes.size() < sizeof(Elf64_Ehdr)) return truncated(file, "the ELF header");
  if (bytes[EI_CLASS] != ELFCLASS64 || bytes[EI_DATA] != ELFDATA2LSB) {
    return invalid(std::string("plugin for another machine: ") +
                   (bytes[EI_CLASS] == ELFCLASS64 ? "64-bit" : "32-bit") + ", " +
                   (bytes[EI_DATA] == ELFDATA2LSB ? "little-endian" : "big-endian") +
                   ", expected 64-bit, little-endian; build it for this machine");
  }
  const auto header = *file.at<Elf64_Ehdr>(0);
  if (header.e_machine != kMachine) {
    return invalid("plugin for another machine: built for " + machine_name(header.e_machine) +
                   ", this host is " + machine_name(kMachine) + "; build it for this machine");
  }
  if (header.e_type != ET_DYN) {
    const char* kind = header.e_type == ET_EXEC   ? "a program"
                       : header.e_type == ET_REL  ? "an object file"
                       : header.e_type == ET_CORE ? "a core dump"
                                                  : "of unknown type";
    return invalid(std::string("not a shared library: it is ") + kind +
                   "; build it with sluice_add_plugin()");
  }
  return header;
}

struct Symbols {
  std::optional<Elf64_Sym> entry;
  std::vector<unsigned> majors;  // all N of exported sluice_plugin_vN
};

bool exported(const Elf64_Sym& symbol) {
  const unsigned bind = ELF64_ST_BIND(symbol.st_info);
  return symbol.st_shndx != SHN_UNDEF && (bind == STB_GLOBAL || bind == STB_WEAK);
}

Result<Symbols> read_symbols(const Reader& file, const Elf64_Shdr& table,
                             const Elf64_Shdr& strings) {
  Symbols found;
  if (table.sh_entsize < sizeof(Elf64_Sym)) {
    return invalid("damaged: the dynamic symbol table has entries of " +
                   std::to_string(table.sh_entsize) + " bytes, expected " +
                   std::to_string(sizeof(Elf64_Sym)) + "; build it again");
  }
  const uint64_t count = table.sh_size / table.sh_entsize;
  if (count > kMaxSymbols) {
    return invalid("damaged: the dynamic symbol table claims " + std::to_string(count) +
                   " symbols, a plugin exports one; build it again");
  }
  for (uint64_t i = 0; i < count; ++i) {
    const auto symbol = file.item<Elf64_Sym>(table.sh_offset, i, table.sh_entsize);
    if (!symbol) return truncated(file, "the dynamic symbol table");
    if (!exported(*symbol) || symbol->st_name >= strings.sh_size) continue;
    const uint64_t room = file.size() - std::min(file.size(), strings.sh_offset);
    const uint64_t end = strings.sh_offset + std::min(strings.sh_size, room);
    if (strings.sh_offset > file.size()) return truncated(file, "the dynamic string table");
    const auto name = file.text(strings.sh_offset + symbol->st_name, end);
    if (!name) return truncated(file, "the dynamic string table");
    if (*name == SLUICE_ENTRY_SYMBOL) found.entry = symbol;
    if (!name->starts_with(kSymbolStem)) continue;
    unsigned major = 0;
    const char* last = name->data() + name->size();
    const auto parsed = std::from_chars(name->data() + kSymbolStem.size(), last, major);
    if (parsed.ec == std::errc() && parsed.ptr == last) found.majors.push_back(major);
  }
  return found;
}

bool reaches_past(const Reader& file, uint64_t offset, uint64_t size) {
  return offset > file.size() || file.size() - offset < size;
}

// The loader maps segments without looking at the file's length and faults on what is not there.
Status check_extent(const Reader& file, const Elf64_Ehdr& header) {
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = file.item<Elf64_Phdr>(header.e_phoff, i, header.e_phentsize);
    if (!segment) return truncated(file, "the table of program headers");
    if (segment->p_type == PT_LOAD && reaches_past(file, segment->p_offset, segment->p_filesz)) {
      return truncated(file, "segment " + std::to_string(i));
    }
  }
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    const auto section = file.item<Elf64_Shdr>(header.e_shoff, i, header.e_shentsize);
    if (!section) return truncated(file, "the table of section headers");
    const bool in_file = section->sh_type != SHT_NOBITS && section->sh_type != SHT_NULL;
    if (in_file && reaches_past(file, section->sh_offset, section->sh_size)) {
      return truncated(file, "section " + std::to_string(i));
    }
  }
  return Status::ok();
}

Result<Symbols> find_symbols(const Reader& file, const Elf64_Ehdr& header) {
  if (header.e_shoff == 0 || header.e_shnum == 0) {
    return invalid("not a plugin: it has no section headers; do not strip them");
  }
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    const auto section = file.item<Elf64_Shdr>(header.e_shoff, i, header.e_shentsize);
    if (!section) return truncated(file, "the table of section headers");
    if (section->sh_type != SHT_DYNSYM) continue;
    const auto strings =
        section->sh_link < header.e_shnum
            ? file.item<Elf64_Shdr>(header.e_shoff, section->sh_link, header.e_shentsize)
            : std::nullopt;
    if (!strings) return truncated(file, "the dynamic string table's header");
    return read_symbols(file, *section, *strings);
  }
  return invalid(
      "not a plugin: it has no dynamic symbols; export the entry with "
      "SLUICE_EXPORT_PLUGIN");
}

// Where a loaded address lies in the file, through the segments the loader itself maps.
Result<uint64_t> file_offset(const Reader& file, const Elf64_Ehdr& header, uint64_t address,
                             uint64_t size) {
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = file.item<Elf64_Phdr>(header.e_phoff, i, header.e_phentsize);
    if (!segment) return truncated(file, "the table of program headers");
    if (segment->p_type != PT_LOAD || address < segment->p_vaddr) continue;
    const uint64_t inside = address - segment->p_vaddr;
    if (inside > segment->p_filesz || segment->p_filesz - inside < size) continue;
    if (segment->p_offset > file.size() || file.size() - segment->p_offset < inside) {
      return truncated(file, "the segment of " SLUICE_ENTRY_SYMBOL);
    }
    return segment->p_offset + inside;
  }
  return invalid("damaged: " SLUICE_ENTRY_SYMBOL
                 " does not lie in the file's data; define it with SLUICE_EXPORT_PLUGIN");
}

std::string our_version() {
  return std::to_string(SLUICE_ABI_MAJOR) + "." + std::to_string(SLUICE_ABI_MINOR);
}

}  // namespace

Result<PluginFileEntry> read_plugin_entry(std::span<const unsigned char> bytes) {
  const Reader file(bytes);
  SLUICE_ASSIGN_OR_RETURN(const Elf64_Ehdr header, read_header(file, bytes));
  SLUICE_RETURN_IF_ERROR(check_extent(file, header));
  SLUICE_ASSIGN_OR_RETURN(const Symbols symbols, find_symbols(file, header));
  if (!symbols.entry) {
    if (!symbols.majors.empty()) {
      return invalid("built for ABI " + std::to_string(symbols.majors.front()) +
                     ", this host speaks " + our_version() +
                     "; build it with this host's SDK or upgrade the host");
    }
    return invalid("not a plugin: it does not export " SLUICE_ENTRY_SYMBOL
                   "; define it with SLUICE_EXPORT_PLUGIN");
  }
  const uint64_t frozen = offsetof(sluice_plugin_entry, reserved);
  SLUICE_ASSIGN_OR_RETURN(const uint64_t offset,
                          file_offset(file, header, symbols.entry->st_value, frozen));
  const auto magic = file.at<uint64_t>(offset);
  const auto size = file.at<uint32_t>(offset + offsetof(sluice_plugin_entry, struct_size));
  const auto major = file.at<uint16_t>(offset + offsetof(sluice_plugin_entry, abi_major));
  const auto minor = file.at<uint16_t>(offset + offsetof(sluice_plugin_entry, abi_minor));
  const auto least = file.at<uint16_t>(offset + offsetof(sluice_plugin_entry, min_host_minor));
  if (!magic || !size || !major || !minor || !least) {
    return truncated(file, SLUICE_ENTRY_SYMBOL);
  }
  return PluginFileEntry{*magic, *size, *major, *minor, *least};
}

Status judge_plugin_entry(const PluginFileEntry& entry) {
  const std::string found = std::to_string(entry.abi_major) + "." + std::to_string(entry.abi_minor);
  if (entry.magic != SLUICE_MAGIC) {
    return invalid("not a plugin: " SLUICE_ENTRY_SYMBOL
                   " does not begin with the magic number; define it with SLUICE_EXPORT_PLUGIN");
  }
  if (entry.abi_major != SLUICE_ABI_MAJOR) {
    return invalid("built for ABI " + found + ", this host speaks " + our_version() +
                   "; build it with this host's SDK or upgrade the host");
  }
  if (entry.min_host_minor > SLUICE_ABI_MINOR) {
    return invalid("needs a host that speaks ABI " + std::to_string(entry.abi_major) + "." +
                   std::to_string(entry.min_host_minor) + " or later, this host speaks " +
                   our_version() + "; upgrade the host");
  }
  if (entry.struct_size < sizeof(sluice_plugin_entry)) {
    return invalid("its entry is " + std::to_string(entry.struct_size) + " bytes long, expected " +
                   std::to_string(sizeof(sluice_plugin_entry)) +
                   " or more; build it with this host's SDK");
  }
  return Status::ok();
}

}  // namespace sluice
