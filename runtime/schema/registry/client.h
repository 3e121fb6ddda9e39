// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/schema/registry/answers.h"
#include "runtime/schema/registry/http.h"

namespace sluice::registry {

// Asks a schema registry. Messages begin with its url. One thread at a time; requests take as long
// as `timeout` of the configuration.
class RegistryClient {
 public:
  RegistryClient(RegistryConfig config, std::unique_ptr<Transport> transport);
  static Result<std::unique_ptr<RegistryClient>> create(const RegistryConfig& config,
                                                        const StopSource* stop);

  // What an id stands for. kUnavailable: it is not known now, ask again later; kCancelled.
  Result<SchemaAnswer> ask(uint32_t id);
  // The versions of a subject, and one of them. kInvalid: there is no such subject.
  Result<std::vector<uint32_t>> versions(const std::string& subject);
  Result<Registered> version(const std::string& subject, uint32_t number);
  // Is there a registry, does it let us in, and has it the configured subject?
  Status check();

 private:
  [[nodiscard]] Status located(const Status& status) const;
  Result<SchemaAnswer> ask_schema(uint32_t id);

  const RegistryConfig config_;
  const std::unique_ptr<Transport> transport_;
};

}  // namespace sluice::registry
