// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/conform/guarded.h"
#include "runtime/conform/hostile_host.h"
#include "runtime/conform/subject.h"

namespace sluice::conform {

// What a call answered.
struct Answer {
  sluice_rc rc = SLUICE_OK;
  std::string message;
  uint16_t reason = SLUICE_REASON_NONE;
  [[nodiscard]] bool ok() const { return rc == SLUICE_OK; }
  // "open answered SLUICE_E_RETRY: connection refused"
  [[nodiscard]] std::string text(std::string_view call) const;
};

std::string rc_name(sluice_rc rc);

// The struct handed to a call for its error, one field longer than the adapter knows.
class ErrorBox {
 public:
  ErrorBox();
  sluice_error* get();
  // Reads it; a broken canary or a message without end is a breach.
  Answer take(sluice_rc rc, std::vector<std::string>& breaches);

 private:
  GuardedBlock block_;
};

// A source or sink instance over the raw C functions; knows nothing of the well-behaved runtime.
// Destroys the instance at the end of its life unless that was done.
class Instance {
 public:
  Instance(Subject& subject, MarkStore* marks, HostOptions options = {});
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  // The text lies in guarded memory and is overwritten after the call.
  Answer create(std::string_view config_json);
  Answer open();
  Answer close();
  void stop();  // any thread
  void destroy();
  const void* extension(const char* id);

  [[nodiscard]] bool created() const { return handle_ != nullptr; }
  // True unless a failed create changed *out.
  [[nodiscard]] bool out_untouched() const { return out_untouched_; }
  [[nodiscard]] sluice_source* source() const { return static_cast<sluice_source*>(handle_); }
  [[nodiscard]] sluice_sink* sink() const { return static_cast<sluice_sink*>(handle_); }
  [[nodiscard]] const sluice_source_ops& source_ops() const;
  [[nodiscard]] const sluice_sink_ops& sink_ops() const;
  HostileHost& host() { return host_; }
  [[nodiscard]] const HostileHost& host() const { return host_; }
  Subject& subject() { return subject_; }
  // Breaches of struct borders seen in calls of this class and in `add_breach`.
  std::vector<std::string>& breaches() { return breaches_; }

  // create with the subject's configuration, then open; skip or failure when it does not.
  Status start(const std::string& config);

 private:
  Subject& subject_;
  HostileHost host_;
  void* handle_ = nullptr;
  bool out_untouched_ = true;
  std::vector<GuardedBlock> configs_;  // kept: a pointer held by the adapter reads garbage
  std::vector<std::string> breaches_;
};

// Brackets one call for crash messages and for what the host allows inside it.
class CallScope {
 public:
  CallScope(Instance& instance, const char* call);
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;
  ~CallScope();

 private:
  Instance& instance_;
};

}  // namespace sluice::conform
