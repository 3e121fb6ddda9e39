// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/elf_reader.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <sluice/plugin.h>

#include <random>

#include "tests/unit/plugin_host/fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;

Result<PluginFileEntry> read(const std::string& bytes) {
  return read_plugin_entry({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

TEST(ElfReader, ReadsTheEntryOfAPluginWithoutLoadingIt) {
  const auto entry = read(read_bytes(sample_path("good")));
  ASSERT_TRUE(entry) << entry.status().message();
  EXPECT_EQ(entry->magic, SLUICE_MAGIC);
  EXPECT_EQ(entry->struct_size, sizeof(sluice_plugin_entry));
  EXPECT_EQ(entry->abi_major, 1);
  EXPECT_EQ(entry->abi_minor, 0);
  EXPECT_TRUE(judge_plugin_entry(*entry));
}

TEST(ElfReader, TextFileIsNoLibrary) {
  EXPECT_THAT(read("#!/bin/sh\nexit 1\n").status().message(),
              HasSubstr("not a shared library: it begins with \"#!/bin/sh"));
  EXPECT_THAT(read("").status().message(), HasSubstr("the file is empty"));
  EXPECT_THAT(read("\x7f").status().message(), HasSubstr("the ELF header"));
}

TEST(ElfReader, EveryTruncationIsRefused) {
  const std::string whole = read_bytes(sample_path("good"));
  for (size_t size = 0; size + 1 < whole.size(); size += 1 + size / 64) {
    const auto entry = read(whole.substr(0, size));
    ASSERT_FALSE(entry) << "with " << size << " of " << whole.size() << " bytes";
  }
  EXPECT_THAT(read(whole.substr(0, whole.size() / 2)).status().message(),
              HasSubstr("reaches past the end of the file"));
}

TEST(ElfReader, OtherMachineIsNamed) {
  std::string bytes = read_bytes(sample_path("good"));
  bytes[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_S390);
  bytes[offsetof(Elf64_Ehdr, e_machine) + 1] = 0;
  EXPECT_THAT(read(bytes).status().message(),
              HasSubstr("plugin for another machine: built for S/390, this host is "));
  bytes[EI_CLASS] = ELFCLASS32;
  EXPECT_THAT(read(bytes).status().message(), HasSubstr("32-bit, little-endian"));
}

TEST(ElfReader, ProgramIsNoPlugin) {
  std::string bytes = read_bytes(sample_path("good"));
  bytes[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
  EXPECT_THAT(read(bytes).status().message(), HasSubstr("it is a program"));
}

TEST(ElfReader, LibraryWithoutEntryIsNoPlugin) {
  std::string bytes = read_bytes(sample_path("good"));
  for (size_t at = bytes.find(SLUICE_ENTRY_SYMBOL); at != std::string::npos;
       at = bytes.find(SLUICE_ENTRY_SYMBOL, at)) {
    bytes[at] = 'x';
  }
  EXPECT_THAT(read(bytes).status().message(),
              HasSubstr("not a plugin: it does not export sluice_plugin_v1"));
}

TEST(ElfReader, OtherMajorIsFoundByItsSymbolsName) {
  EXPECT_THAT(read(read_bytes(sample_path("other_major"))).status().message(),
              HasSubstr("built for ABI 2, this host speaks 1.0"));
}

TEST(ElfReader, JudgesVersionsAndSize) {
  const PluginFileEntry good{SLUICE_MAGIC, sizeof(sluice_plugin_entry), 1, 0, 0};
  PluginFileEntry bad = good;
  bad.abi_major = 2;
  bad.abi_minor = 3;
  EXPECT_THAT(judge_plugin_entry(bad).message(),
              HasSubstr("built for ABI 2.3, this host speaks 1.0"));
  bad = good;
  bad.abi_minor = 9;
  EXPECT_TRUE(judge_plugin_entry(bad)) << "a newer plugin may run here";
  bad.min_host_minor = 7;
  EXPECT_THAT(judge_plugin_entry(bad).message(), HasSubstr("speaks ABI 1.7 or later"));
  bad = good;
  bad.struct_size = 8;
  EXPECT_THAT(judge_plugin_entry(bad).message(), HasSubstr("its entry is 8 bytes long"));
  bad = good;
  bad.magic = 1;
  EXPECT_THAT(judge_plugin_entry(bad).message(), HasSubstr("magic number"));
}

// Whatever the bytes, the reader answers; sanitizers watch its steps.
TEST(ElfReader, SurvivesDamage) {
  const std::string whole = read_bytes(sample_path("good"));
  std::mt19937 random(20240607);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = whole;
    for (int change = 0; change < 1 + round % 8; ++change) {
      // Headers first, where offsets and sizes live, then anywhere.
      const size_t reach = round % 2 == 0 ? size_t{1024} : bytes.size();
      bytes[random() % reach] = static_cast<char>(random());
    }
    const auto entry = read(bytes);
    EXPECT_TRUE(entry.is_ok() || !entry.status().message().empty());
  }
}

}  // namespace
}  // namespace sluice
