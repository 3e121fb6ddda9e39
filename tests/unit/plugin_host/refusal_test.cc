// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <elf.h>

#include "runtime/plugin_host/file_check.h"
#include "runtime/plugin_host/library.h"
#include "runtime/plugin_host/probe.h"
#include "tests/unit/plugin_host/fixture.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Refusal : public PluginFolder {
 protected:
  std::string probe(const fs::path& file, std::chrono::milliseconds limit = kLong) {
    const auto report = probe_plugin(file, dir(), {limit});
    return report ? "accepted" : report.status().message();
  }
  std::string probe_sample(const std::string& sample) { return probe(put_sample(sample)); }
  // Loads into this process.
  std::string load(const fs::path& file) {
    auto checked = check_plugin_file(file, dir());
    if (!checked) return checked.status().message();
    const auto library = PluginLibrary::load(std::move(*checked));
    return library ? "accepted" : library.status().message();
  }
  static constexpr std::chrono::milliseconds kLong{30'000};
};

TEST_F(Refusal, GoodPluginIsAcceptedAndReported) {
  const fs::path file = put_sample("good");
  const auto report = probe_plugin(file, dir());
  ASSERT_TRUE(report) << report.status().message();
  EXPECT_EQ(report->name, "sample");
  EXPECT_EQ(report->abi, "1.0");
  EXPECT_EQ(report->sha256.size(), 64U);
  ASSERT_EQ(report->components.size(), 2U);
  EXPECT_EQ(report->components[1].kind, SLUICE_KIND_SINK);
  EXPECT_EQ(report->components[1].id, "sample");
}

TEST_F(Refusal, TextFile) {
  const fs::path file = put("text.so", "just words\n");
  EXPECT_THAT(probe(file), AllOf(StartsWith(file.string() + ": not a shared library"),
                                 HasSubstr("build it with sluice_add_plugin()")));
}

TEST_F(Refusal, TruncatedFile) {
  const std::string whole = read_bytes(sample_path("good"));
  EXPECT_THAT(probe(put("half.so", whole.substr(0, whole.size() / 2))),
              AllOf(HasSubstr("half.so: truncated"), HasSubstr("copy or build it again")));
}

TEST_F(Refusal, OtherMachine) {
  std::string bytes = read_bytes(sample_path("good"));
  bytes[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_PPC64);
  EXPECT_THAT(probe(put("power.so", bytes)),
              HasSubstr("power.so: plugin for another machine: built for PowerPC64"));
}

TEST_F(Refusal, UndefinedSymbolIsNamedByTheLoader) {
  const std::string text = probe_sample("undefined");
  EXPECT_THAT(text, AllOf(HasSubstr("undefined.so: the system's loader refuses it"),
                          HasSubstr("undefined symbol: no_library_has_this_function"),
                          HasSubstr("-Wl,-z,defs")));
  EXPECT_EQ(text.find("/proc/self"), std::string::npos) << text;
}

TEST_F(Refusal, LaterAbi) {
  EXPECT_THAT(probe_sample("other_major"), HasSubstr("built for ABI 2, this host speaks 1.0"));
  EXPECT_THAT(probe_sample("wrong_major"), HasSubstr("built for ABI 2.3, this host speaks 1.0"));
  EXPECT_THAT(probe_sample("needs_newer"), HasSubstr("speaks ABI 1.7 or later"));
}

TEST_F(Refusal, ConstructorThatHangsIsEnded) {
  EXPECT_THAT(probe(put_sample("hangs"), std::chrono::milliseconds(50)),
              AllOf(HasSubstr("hangs.so: was not loaded within 50ms"),
                    HasSubstr("its constructors must do no work")));
}

TEST_F(Refusal, ConstructorThatCrashesIsReported) {
  EXPECT_THAT(probe_sample("crashes"), HasSubstr("crashes.so: crashed with signal 11"));
}

#if defined(__SANITIZE_THREAD__)
#define SLUICE_TEST_EXIT_CODE "66"
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SLUICE_TEST_EXIT_CODE "66"
#endif
#endif
#if !defined(SLUICE_TEST_EXIT_CODE)
#define SLUICE_TEST_EXIT_CODE "7"
#endif

TEST_F(Refusal, ConstructorThatExitsIsReported) {
  // The thread sanitizer has a code of its own for a process that ends inside dlopen().
  EXPECT_THAT(probe_sample("exits"),
              HasSubstr("ended its process with exit code " SLUICE_TEST_EXIT_CODE));
}

TEST_F(Refusal, EveryViolationOfADescriptionIsReported) {
  const std::string text = load(put_sample("bad_description"));
  for (const char* part :
       {"breaks the plugin contract in", "id must match [a-z][a-z0-9_]{0,31}",
        "summary is NULL, expected text", "caps 1 do not apply to a sink",
        "config_schema: an object needs \"additionalProperties\": false",
        "/properties/port: has no description", "/properties/port: unknown type \"integr\"",
        "/properties/host: is optional without a default", "/properties/match: pattern",
        "/properties/mode: $ref \"#/definitions/none\" leads nowhere",
        "keyword \"minimun\" is not allowed; did you mean \"minimum\"?",
        "code must match [a-z0-9_]{1,48}", "verdict is 1, expected 2 (retry) or 3 (reject)",
        "maps_to is \"MADE_UP\", expected one of SCHEMA_DRIFT",
        "name must match [a-z][a-z0-9_]{0,63}", "name Bad-Name appears twice", "kind is 9",
        "the slot create is NULL", "the slot write is NULL"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST_F(Refusal, ExampleThatDoesNotFit) {
  EXPECT_THAT(load(put_sample("bad_example")),
              HasSubstr("example_config does not fit config_schema: /limit: found \"many\", "
                        "expected integer, 1 to 100"));
}

TEST_F(Refusal, WildPointersAreNotFollowed) {
  EXPECT_THAT(load(put_sample("wild_pointers")),
              AllOf(HasSubstr("summary cannot be read"), HasSubstr("reasons cannot be read"),
                    HasSubstr("ops: cannot be read")));
}

TEST_F(Refusal, FileOthersCanWrite) {
  const fs::path file = put_sample("good");
  ::chmod(file.c_str(), 0757);
  EXPECT_THAT(probe(file), AllOf(HasSubstr("can be written by group or others (mode 0757)"),
                                 HasSubstr("chmod go-w")));
  ::chmod(file.c_str(), 0775);
  EXPECT_THAT(probe(file), HasSubstr("(mode 0775)"));
}

TEST_F(Refusal, FolderOthersCanWrite) {
  const fs::path file = put_sample("good");
  ::chmod(dir().c_str(), 0777);
  EXPECT_THAT(probe(file),
              HasSubstr("its folder " + dir().string() + " can be written by group or others"));
  ::chmod(dir().c_str(), 0755);
  ::chmod(root().c_str(), 0770);
  EXPECT_THAT(probe(file), HasSubstr("its folder " + root().string() + " can be written"));
}

TEST_F(Refusal, FileOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const fs::path file = put_sample("good");
  ASSERT_EQ(::chown(file.c_str(), 12345, 12345), 0);
  EXPECT_THAT(probe(file), HasSubstr("belongs to user 12345, expected root"));
}

TEST_F(Refusal, SymlinkOutOfTheFolder) {
  const fs::path outside = root() / "outside.so";
  fs::copy_file(sample_path("good"), outside);
  fs::create_symlink(outside, dir() / "link.so");
  EXPECT_THAT(probe(dir() / "link.so"),
              AllOf(HasSubstr("leads to " + outside.string() + ", outside the plugin folder"),
                    HasSubstr("copy the file into the folder")));
  EXPECT_THAT(probe(dir() / ".." / "outside.so"), HasSubstr("outside the plugin folder"));
  fs::create_symlink(dir() / "nothing", dir() / "dangling.so");
  EXPECT_THAT(probe(dir() / "dangling.so"), HasSubstr("No such file or directory"));
}

TEST_F(Refusal, SymlinkInsideTheFolderIsFine) {
  put_sample("good");
  fs::create_symlink("good.so", dir() / "link.so");
  EXPECT_EQ(probe(dir() / "link.so"), "accepted");
}

TEST_F(Refusal, FolderAndFifoAreNoFiles) {
  fs::create_directory(dir() / "folder.so");
  EXPECT_THAT(probe(dir() / "folder.so"), HasSubstr("is not a regular file"));
  ASSERT_EQ(::mkfifo((dir() / "fifo.so").c_str(), 0600), 0);
  EXPECT_THAT(probe(dir() / "fifo.so"), HasSubstr("is not a regular file"));
}

TEST_F(Refusal, FileThatChangedSinceItWasLoadedNeedsARestart) {
  const fs::path file = put_sample("good");
  ASSERT_EQ(load(file), "accepted");
  ASSERT_EQ(load(file), "accepted") << "the same file again is the same library";
  // One byte past the end changes the file but not what is mapped.
  std::ofstream(file, std::ios::binary | std::ios::app) << '\0';
  EXPECT_THAT(load(file), HasSubstr("has changed since it was loaded; restart"));
}

TEST_F(Refusal, ListNamesWhatIsOfferedAndWhatIsRefused) {
  put_sample("good", "sink-sample.so");
  put("text.so", "words");
  put("readme.txt", "not a plugin, not looked at");
  const auto list = list_plugins({dir(), root() / "missing"});
  ASSERT_TRUE(list) << list.status().message();
  ASSERT_EQ(list->size(), 2U);
  const std::string text = list_text(*list);
  EXPECT_THAT(text, HasSubstr("source  sample"));
  EXPECT_THAT(text, HasSubstr("sink    sample"));
  EXPECT_THAT(text, HasSubstr("refused:\n  " + (dir() / "text.so").string()));
  EXPECT_THAT(list_json(*list), HasSubstr(R"("error":")" + (dir() / "text.so").string()));
}

}  // namespace
}  // namespace sluice
