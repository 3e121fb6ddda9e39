// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/library.h"

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#include <unistd.h>

#include <cstring>
#include <exception>
#include <map>
#include <span>
#include <utility>

#include "runtime/base/log.h"
#include "runtime/base/mutex.h"
#include "runtime/plugin_host/descriptor_check.h"
#include "runtime/plugin_host/elf_reader.h"

namespace sluice {

// The descriptor stays open as long as the library: the loader knows the file as /proc/self/fd/N,
// and a number used again for another file would be taken for this one.
struct PluginLibrary::Handle {
  UniqueFd fd;
  boost::dll::shared_library library;
};

namespace {

using LibraryPtr = std::shared_ptr<const PluginLibrary>;

// Everything ever loaded. Leaked on purpose: plugins are never unloaded, not even at exit, where
// their code may still run in other threads.
struct Loaded {
  Mutex mutex;
  std::map<std::pair<uint64_t, uint64_t>, LibraryPtr> by_inode SLUICE_GUARDED_BY(mutex);
  std::vector<LibraryPtr> all SLUICE_GUARDED_BY(mutex);  // the refused ones too: they are in
  bool quiet SLUICE_GUARDED_BY(mutex) = false;
};

Loaded& loaded() {
  static Loaded& all = *std::make_unique<Loaded>().release();
  return all;
}

std::string join(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += "\n  " + line;
  return out;
}

Status refuse_descriptors(const std::string& name, const std::vector<std::string>& problems) {
  return invalid(name + ": its description breaks the plugin contract in " +
                 std::to_string(problems.size()) + (problems.size() == 1 ? " place" : " places") +
                 "; correct and build it again:" + join(problems));
}

// The loader names the file /proc/self/fd/N; the operator knows it by its path.
std::string with_path(std::string text, const std::string& link, const std::string& path) {
  for (size_t at = text.find(link); at != std::string::npos; at = text.find(link, at)) {
    text.replace(at, link.size(), path);
    at += path.size();
  }
  return text;
}

Result<boost::dll::shared_library> open_library(const CheckedFile& file) {
  const std::string link = "/proc/self/fd/" + std::to_string(file.fd.get());
  try {
    using boost::dll::load_mode::rtld_local;
    using boost::dll::load_mode::rtld_now;
    // The throwing overload: only it keeps the loader's own words.
    return boost::dll::shared_library(boost::dll::fs::path(link), rtld_now | rtld_local);
  } catch (const std::exception& e) {
    return invalid(file.path.string() + ": the system's loader refuses it: " +
                   with_path(e.what(), link, file.path.string()) +
                   "; link it with -Wl,-z,defs (sluice_add_plugin does) and install the libraries "
                   "it needs");
  }
}

// The entry in memory must be what the file said: constructors have run meanwhile.
Status compare(const PluginFileEntry& in_file, const sluice_plugin_entry& entry) {
  const PluginFileEntry in_memory{entry.magic, entry.struct_size, entry.abi_major, entry.abi_minor,
                                  entry.min_host_minor};
  if (in_memory == in_file) return Status::ok();
  return invalid(
      "its entry in memory differs from the one in the file; an entry must be constant data, as "
      "SLUICE_EXPORT_PLUGIN makes it");
}

}  // namespace

PluginLibrary::PluginLibrary() = default;
PluginLibrary::~PluginLibrary() = default;

const sluice_component* PluginLibrary::find(int32_t kind, std::string_view id) const {
  for (uint32_t i = 0; i < entry_->component_count; ++i) {
    const sluice_component* component = entry_->components[i];
    if (component->kind == kind && id == component->id) return component;
  }
  return nullptr;
}

Result<LibraryPtr> PluginLibrary::load(CheckedFile file) {
  const std::string name = file.path.string();
  const std::span<const unsigned char> bytes(
      reinterpret_cast<const unsigned char*>(file.bytes.data()), file.bytes.size());
  auto in_file = read_plugin_entry(bytes);
  if (!in_file) return std::move(in_file).status().with_context(name);
  SLUICE_RETURN_IF_ERROR(judge_plugin_entry(*in_file).with_context(name));

  Loaded& all = loaded();
  MutexLock lock(all.mutex);
  const std::pair<uint64_t, uint64_t> key{file.device, file.inode};
  if (const auto known = all.by_inode.find(key); known != all.by_inode.end()) {
    if (known->second->sha256_ == file.sha256) return known->second;
    return unavailable(name +
                       ": has changed since it was loaded; restart the process, or install "
                       "the new version under a new file name");
  }
  auto library = open_library(file);
  if (!library) return std::move(library).status();
  const std::shared_ptr<PluginLibrary> plugin(new PluginLibrary);  // NOLINT: private constructor
  plugin->handle_ = std::make_unique<Handle>();
  plugin->handle_->fd = std::move(file.fd);
  plugin->handle_->library = std::move(*library);
  plugin->name_ = name;
  plugin->sha256_ = file.sha256;
  // From here on it is in the process for good, refused or not: keep handle and descriptor.
  all.all.push_back(plugin);
  try {
    plugin->entry_ = &plugin->handle_->library.get<const sluice_plugin_entry>(SLUICE_ENTRY_SYMBOL);
  } catch (const std::exception& e) {
    return invalid(name + ": the entry cannot be found after loading: " + e.what() +
                   "; build it again");
  }
  SLUICE_RETURN_IF_ERROR(compare(*in_file, *plugin->entry_).with_context(name));
  if (const auto problems = check_descriptors(plugin->entry_); !problems.empty()) {
    return refuse_descriptors(name, problems);
  }
  all.by_inode.emplace(key, plugin);
  if (all.quiet) return LibraryPtr(plugin);
  log::info("plugin.loaded", "plugin loaded",
            {{"file", name},
             {"name", plugin->entry_->name},
             {"version", plugin->entry_->version},
             {"sha256", file.sha256}});
  return LibraryPtr(plugin);
}

int PluginLibrary::fork_for_probe() {
  Loaded& all = loaded();
  MutexLock lock(all.mutex);
  const pid_t child = ::fork();
  if (child == 0) all.quiet = true;
  return child;
}

Result<LibraryPtr> PluginLibrary::wrap(const sluice_plugin_entry* entry) {
  if (entry == nullptr) return invalid("static plugin: the entry is NULL");
  SLUICE_RETURN_IF_ERROR(judge_plugin_entry({entry->magic, entry->struct_size, entry->abi_major,
                                             entry->abi_minor, entry->min_host_minor})
                             .with_context("static plugin"));
  if (const auto problems = check_descriptors(entry); !problems.empty()) {
    return refuse_descriptors("static plugin", problems);
  }
  const std::shared_ptr<PluginLibrary> plugin(new PluginLibrary);  // NOLINT: private constructor
  plugin->entry_ = entry;
  plugin->name_ = std::string("static plugin ") + entry->name;
  return LibraryPtr(plugin);
}

}  // namespace sluice
