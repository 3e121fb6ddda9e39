// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/subject.h"

#include <dlfcn.h>

#include <algorithm>
#include <system_error>

#include "runtime/base/check.h"
#include "runtime/conform/host_bridge.h"
#include "runtime/conform/outcome.h"

namespace sluice::conform {

Result<const sluice_plugin_entry*> Subject::load() {
  if (entry_ != nullptr) return entry_;
  env_.phase("dlopen");
  // Never closed: what it left behind must stay valid to the end of this process.
  void* library = ::dlopen(file_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* text = ::dlerror();
    return fail(text != nullptr ? text : "dlopen failed without saying why");
  }
  entry_ = static_cast<const sluice_plugin_entry*>(::dlsym(library, SLUICE_ENTRY_SYMBOL));
  env_.phase("");
  if (entry_ == nullptr) return fail("no symbol " SLUICE_ENTRY_SYMBOL " after loading");
  return entry_;
}

const sluice_component& Subject::component() const {
  SLUICE_CHECK(entry_ != nullptr && component_index_ < entry_->component_count,
               "a check used its component before the library was loaded");
  return *entry_->components[component_index_];
}

size_t Subject::config_count() const { return fixture_.valid.size(); }

Result<std::string> Subject::config(size_t n, const std::string& place) {
  if (n < fixture_.valid.size()) return prepare(fixture_.valid[n], place);
  const char* example = component().example_config;
  if (example == nullptr) return skip("no configuration: neither a fixture nor an example_config");
  return prepare(example, place);
}

Result<std::string> Subject::prepare(const std::string& json, const std::string& place) {
  SLUICE_ASSIGN_OR_RETURN(auto expanded, expand(json, place));
  auto completed = complete_config(component(), expanded);
  // Whether the schema is right is S4's and L2's business; here the text goes on as it is.
  return completed ? std::move(completed).value() : std::move(expanded);
}

Result<std::string> Subject::expand(const std::string& json, const std::string& name) {
  SLUICE_ASSIGN_OR_RETURN(const auto folder, place(name));
  return expand_dir(json, folder);
}

Status Subject::cannot_open(const std::string& why) const {
  if (!fixture_.valid.empty()) return fail("the fixture's configuration: " + why);
  return skip("the example configuration cannot be used here (" + why + "); give a --fixture");
}

Result<std::filesystem::path> Subject::place(const std::string& name) {
  const auto folder = dir_ / name;
  std::error_code error;
  if (std::filesystem::exists(folder, error)) return folder;
  std::filesystem::create_directories(folder, error);
  if (error) return unavailable(folder.string() + ": " + error.message());
  SLUICE_RETURN_IF_ERROR(write_setup(fixture_, folder));
  return folder;
}

}  // namespace sluice::conform
