// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/elf_view.h"

#include <elf.h>

#include <cstring>
#include <optional>
#include <string_view>

#include "runtime/conform/outcome.h"

namespace sluice::conform {

namespace {

class Bytes {
 public:
  explicit Bytes(std::string_view all) : all_(all) {}

  template <typename T>
  [[nodiscard]] std::optional<T> at(uint64_t start, uint64_t index = 0) const {
    if (start > all_.size() || index >= (all_.size() - start) / sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, all_.data() + start + index * sizeof(T), sizeof(T));
    return value;
  }
  // The text at `start`; empty when it lies outside or has no end.
  [[nodiscard]] std::string_view text(uint64_t start, uint64_t offset) const {
    if (start > all_.size() || offset >= all_.size() - start) return {};
    const auto rest = all_.substr(start + offset);
    const size_t end = rest.find('\0');
    return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
  }

 private:
  std::string_view all_;
};

void add_symbols(const Bytes& file, const Elf64_Shdr& table, const Elf64_Shdr& strings,
                 ElfView& view) {
  for (uint64_t i = 0; i < table.sh_size / sizeof(Elf64_Sym); ++i) {
    const auto symbol = file.at<Elf64_Sym>(table.sh_offset, i);
    if (!symbol) return;
    const unsigned bind = ELF64_ST_BIND(symbol->st_info);
    const unsigned seen = ELF64_ST_VISIBILITY(symbol->st_other);
    const bool exported = symbol->st_shndx != SHN_UNDEF && bind != STB_LOCAL &&
                          seen != STV_HIDDEN && seen != STV_INTERNAL;
    const auto name = file.text(strings.sh_offset, symbol->st_name);
    if (exported && !name.empty()) view.exported.emplace_back(name);
  }
}

void add_run_paths(const Bytes& file, const Elf64_Shdr& table, const Elf64_Shdr& strings,
                   ElfView& view) {
  for (uint64_t i = 0; i < table.sh_size / sizeof(Elf64_Dyn); ++i) {
    const auto entry = file.at<Elf64_Dyn>(table.sh_offset, i);
    if (!entry) return;
    if (entry->d_tag != DT_RPATH && entry->d_tag != DT_RUNPATH) continue;
    std::string_view paths = file.text(strings.sh_offset, entry->d_un.d_val);
    while (!paths.empty()) {
      const size_t end = paths.find(':');
      view.run_paths.emplace_back(paths.substr(0, end));
      paths = end == std::string_view::npos ? std::string_view{} : paths.substr(end + 1);
    }
  }
}

}  // namespace

Result<ElfView> view_elf(const std::string& file_bytes) {
  const Bytes file(file_bytes);
  const auto header = file.at<Elf64_Ehdr>(0);
  const bool elf = header && std::memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
                   header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_type == ET_DYN;
  if (!elf) return fail("not a 64-bit ELF shared library");
  if (header->e_shentsize != sizeof(Elf64_Shdr) || header->e_phentsize != sizeof(Elf64_Phdr)) {
    return fail("damaged ELF: headers of unknown size");
  }
  ElfView view;
  for (uint64_t i = 0; i < header->e_shnum; ++i) {
    const auto section = file.at<Elf64_Shdr>(header->e_shoff, i);
    if (!section) return fail("damaged ELF: section headers past the end of the file");
    if (section->sh_type != SHT_DYNSYM && section->sh_type != SHT_DYNAMIC) continue;
    const auto strings = file.at<Elf64_Shdr>(header->e_shoff, section->sh_link);
    if (!strings) return fail("damaged ELF: a section's strings are missing");
    if (section->sh_type == SHT_DYNSYM) {
      add_symbols(file, *section, *strings, view);
    } else {
      add_run_paths(file, *section, *strings, view);
    }
  }
  // Without this header the loader assumes that the stack must be executable.
  view.executable_stack = true;
  for (uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = file.at<Elf64_Phdr>(header->e_phoff, i);
    if (!segment) return fail("damaged ELF: program headers past the end of the file");
    if (segment->p_type == PT_GNU_STACK) view.executable_stack = (segment->p_flags & PF_X) != 0;
  }
  return view;
}

}  // namespace sluice::conform
