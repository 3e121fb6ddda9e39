// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/registry.h"

#include <algorithm>
#include <map>
#include <system_error>

#include "runtime/base/log.h"
#include "runtime/base/mutex.h"
#include "runtime/base/text.h"
#include "runtime/plugin_host/file_check.h"
#include "runtime/plugin_host/library.h"
#include "runtime/plugin_host/probe.h"

namespace sluice {

namespace fs = std::filesystem;

struct PluginRegistry::Impl {
  using LibraryPtr = std::shared_ptr<const PluginLibrary>;

  std::vector<Dir> dirs;
  Mutex mutex;  // one search at a time: a file is probed once
  std::vector<LibraryPtr> linked SLUICE_GUARDED_BY(mutex);
  std::map<std::string, Result<ProbeReport>> probed SLUICE_GUARDED_BY(mutex);

  // What a search found on its way.
  struct Search {
    int32_t kind;
    std::string_view id;
    std::vector<std::string> offered;  // "sink sqlite"
    std::vector<std::string> ids;      // of the kind wanted
    std::vector<Status> refused;
  };

  ComponentRef find_linked(Search& search) SLUICE_REQUIRES(mutex);
  ComponentRef find_by_name(Search& search);
  ComponentRef find_by_content(Search& search) SLUICE_REQUIRES(mutex);
  ComponentRef load(const fs::path& file, const fs::path& dir, Search& search);
  [[nodiscard]] Status missing(const Search& search) const;

  static std::vector<std::string> names_of(const Search& search) {
    const std::string id(search.id);
    return {std::string(kind_name(search.kind)) + "-" + id + ".so", id + ".so"};
  }
};

namespace {

void remember(std::vector<std::string>& offered, std::vector<std::string>& ids, int32_t wanted,
              int32_t kind, const std::string& id) {
  offered.push_back(std::string(kind_name(kind)) + " " + id);
  if (kind == wanted) ids.push_back(id);
}

}  // namespace

ComponentRef PluginRegistry::Impl::load(const fs::path& file, const fs::path& dir, Search& search) {
  auto checked = check_plugin_file(file, dir);
  if (!checked) {
    search.refused.push_back(std::move(checked).status());
    return {};
  }
  auto library = PluginLibrary::load(std::move(*checked));
  if (!library) {
    search.refused.push_back(std::move(library).status());
    return {};
  }
  const sluice_component* component = (*library)->find(search.kind, search.id);
  if (component != nullptr) return {*library, component};
  const sluice_plugin_entry& entry = (*library)->entry();
  for (uint32_t i = 0; i < entry.component_count; ++i) {
    remember(search.offered, search.ids, search.kind, entry.components[i]->kind,
             entry.components[i]->id);
  }
  return {};
}

ComponentRef PluginRegistry::Impl::find_linked(Search& search) {
  for (const LibraryPtr& library : linked) {
    const sluice_component* component = library->find(search.kind, search.id);
    if (component != nullptr) return {library, component};
    const sluice_plugin_entry& entry = library->entry();
    for (uint32_t i = 0; i < entry.component_count; ++i) {
      remember(search.offered, search.ids, search.kind, entry.components[i]->kind,
               entry.components[i]->id);
    }
  }
  return {};
}

// A file named after the component is what the operator means; it is loaded without a probe.
ComponentRef PluginRegistry::Impl::find_by_name(Search& search) {
  for (const Dir& dir : dirs) {
    for (const std::string& name : names_of(search)) {
      const fs::path file = dir.path / name;
      std::error_code error;
      const fs::file_status status = fs::symlink_status(file, error);
      if (status.type() == fs::file_type::not_found) continue;
      if (ComponentRef found = load(file, dir.path, search); found.component != nullptr) {
        return found;
      }
    }
  }
  return {};
}

// Any other file is strange: it is looked at in a child process first.
ComponentRef PluginRegistry::Impl::find_by_content(Search& search) {
  const std::vector<std::string> names = names_of(search);
  for (const Dir& dir : dirs) {
    auto files = plugin_files(dir.path);
    if (!files) {
      if (!dir.optional || files.status().code() != Code::kNotFound) {
        search.refused.push_back(std::move(files).status());
      }
      continue;
    }
    for (const fs::path& file : *files) {
      if (std::find(names.begin(), names.end(), file.filename().string()) != names.end()) continue;
      auto known = probed.find(file.string());
      if (known == probed.end()) {
        known = probed.emplace(file.string(), probe_plugin(file, dir.path)).first;
      }
      if (!known->second) {
        search.refused.push_back(known->second.status());
        continue;
      }
      bool has_it = false;
      for (const ProbedComponent& component : known->second->components) {
        remember(search.offered, search.ids, search.kind, component.kind, component.id);
        has_it = has_it || (component.kind == search.kind && component.id == search.id);
      }
      if (!has_it) continue;
      if (ComponentRef found = load(file, dir.path, search); found.component != nullptr) {
        return found;
      }
    }
  }
  return {};
}

Status PluginRegistry::Impl::missing(const Search& search) const {
  std::string text =
      "no " + std::string(kind_name(search.kind)) + " \"" + std::string(search.id) + "\" in ";
  if (dirs.empty()) text += "any folder: runtime.plugin_dirs is empty";
  for (size_t i = 0; i < dirs.size(); ++i) text += (i > 0 ? ", " : "") + dirs[i].path.string();
  if (const auto near = did_you_mean(search.id, search.ids)) {
    text += "; did you mean \"" + *near + "\"?";
  }
  std::vector<std::string> offered = search.offered;
  std::sort(offered.begin(), offered.end());
  offered.erase(std::unique(offered.begin(), offered.end()), offered.end());
  text += offered.empty() ? "; there is no plugin" : "; there are: ";
  for (size_t i = 0; i < offered.size(); ++i) text += (i > 0 ? ", " : "") + offered[i];
  for (const Status& refused : search.refused) text += "\n  refused: " + refused.message();
  return not_found(std::move(text));
}

PluginRegistry::PluginRegistry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PluginRegistry::~PluginRegistry() = default;

Result<std::unique_ptr<PluginRegistry>> PluginRegistry::create(std::vector<Dir> dirs) {
  auto impl = std::make_unique<Impl>();
  for (Dir& dir : dirs) {
    auto files = plugin_files(dir.path);
    if (!files && dir.optional && files.status().code() == Code::kNotFound) continue;
    if (!files) return std::move(files).status();
    impl->dirs.push_back(std::move(dir));
  }
  return std::unique_ptr<PluginRegistry>(
      new PluginRegistry(std::move(impl)));  // NOLINT: private constructor
}

Result<ComponentRef> PluginRegistry::find(ComponentKind kind, std::string_view id) {
  MutexLock lock(impl_->mutex);
  Impl::Search search{static_cast<int32_t>(kind), id, {}, {}, {}};
  // The id becomes part of a path: only what can be an id gets that far.
  const bool plain =
      !id.empty() && id.size() <= 32 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
      });
  ComponentRef found = impl_->find_linked(search);
  if (found.component == nullptr && plain) found = impl_->find_by_name(search);
  // A file that bears the name and is refused is the answer; nothing else is tried in its place.
  if (found.component == nullptr && !search.refused.empty()) return search.refused.front();
  if (found.component == nullptr) found = impl_->find_by_content(search);
  if (found.component == nullptr) return impl_->missing(search);
  return found;
}

Status PluginRegistry::register_static(const sluice_plugin_entry* entry) {
  SLUICE_ASSIGN_OR_RETURN(auto library, PluginLibrary::wrap(entry));
  MutexLock lock(impl_->mutex);
  for (uint32_t i = 0; i < entry->component_count; ++i) {
    const sluice_component* component = entry->components[i];
    for (const auto& other : impl_->linked) {
      if (other->find(component->kind, component->id) == nullptr) continue;
      return {Code::kExists, std::string(kind_name(component->kind)) + " \"" + component->id +
                                 "\" is registered already, by " + other->name()};
    }
  }
  impl_->linked.push_back(std::move(library));
  return Status::ok();
}

}  // namespace sluice
