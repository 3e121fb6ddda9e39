// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/instance.h"

#include <fmt/format.h>

#include <cstring>

#include "runtime/conform/outcome.h"

namespace sluice::conform {

namespace {
constexpr uint64_t kErrorCanary = 0xC5C5C5C5C5C5C5C5;
// Nobody's pointer: what *out holds before create.
// NOLINTNEXTLINE(performance-no-int-to-ptr): a pattern, never dereferenced
void* const kUntouched = reinterpret_cast<void*>(uintptr_t{0x5A5A5A5A5A5A5A58});
}  // namespace

std::string rc_name(sluice_rc rc) {
  switch (rc) {
    case SLUICE_OK:
      return "SLUICE_OK";
    case SLUICE_IDLE:
      return "SLUICE_IDLE";
    case SLUICE_END:
      return "SLUICE_END";
    case SLUICE_CANCELLED:
      return "SLUICE_CANCELLED";
    case SLUICE_E_RETRY:
      return "SLUICE_E_RETRY";
    case SLUICE_E_CONFIG:
      return "SLUICE_E_CONFIG";
    case SLUICE_E_FATAL:
      return "SLUICE_E_FATAL";
    case SLUICE_E_BATCH:
      return "SLUICE_E_BATCH";
    case SLUICE_E_FENCED:
      return "SLUICE_E_FENCED";
    default:
      return "the unknown result " + std::to_string(rc);
  }
}

std::string Answer::text(std::string_view call) const {
  return fmt::format("{} answered {}{}{}", call, rc_name(rc), message.empty() ? "" : ": ", message);
}

ErrorBox::ErrorBox() : block_(sizeof(sluice_error) + sizeof kErrorCanary) {
  get()->struct_size = static_cast<uint32_t>(block_.size());
  get()->reason = SLUICE_REASON_NONE;
  std::memcpy(block_.data() + sizeof(sluice_error), &kErrorCanary, sizeof kErrorCanary);
}

sluice_error* ErrorBox::get() { return reinterpret_cast<sluice_error*>(block_.data()); }

Answer ErrorBox::take(sluice_rc rc, std::vector<std::string>& breaches) {
  const sluice_error& error = *get();
  if (std::memcmp(block_.data() + sizeof(sluice_error), &kErrorCanary, sizeof kErrorCanary) != 0) {
    breaches.emplace_back("wrote behind the fields of sluice_error that it knows");
  }
  if (error.struct_size != block_.size()) {
    breaches.emplace_back("changed struct_size of the host's sluice_error");
  }
  const size_t length = ::strnlen(error.message, sizeof error.message);
  if (length == sizeof error.message) {
    breaches.emplace_back("left sluice_error.message without a NUL at its end");
  }
  return {rc, std::string(error.message, length), error.reason};
}

CallScope::CallScope(Instance& instance, const char* call) : instance_(instance) {
  instance_.subject().env().phase(call);
  instance_.host().in_call(call);
}

CallScope::~CallScope() { instance_.host().in_call(nullptr); }

Instance::Instance(Subject& subject, MarkStore* marks, HostOptions options)
    : subject_(subject), host_(subject.component().kind, marks, options) {}

Instance::~Instance() { destroy(); }

const sluice_source_ops& Instance::source_ops() const {
  return *static_cast<const sluice_source_ops*>(subject_.component().ops);
}

const sluice_sink_ops& Instance::sink_ops() const {
  return *static_cast<const sluice_sink_ops*>(subject_.component().ops);
}

Answer Instance::create(std::string_view config_json) {
  configs_.emplace_back(config_json);
  const sluice_str text = {configs_.back().data(), config_json.size()};
  ErrorBox error;
  void* out = kUntouched;
  sluice_rc rc = SLUICE_OK;
  {
    const CallScope scope(*this, "create");
    if (subject_.is_source()) {
      auto* typed = static_cast<sluice_source*>(out);
      rc = source_ops().create(host_.raw(), text, &typed, error.get());
      out = typed;
    } else {
      auto* typed = static_cast<sluice_sink*>(out);
      rc = sink_ops().create(host_.raw(), text, &typed, error.get());
      out = typed;
    }
  }
  configs_.back().poison();
  out_untouched_ = out == kUntouched;
  if (rc == SLUICE_OK && !out_untouched_) handle_ = out;
  Answer answer = error.take(rc, breaches_);
  if (rc == SLUICE_OK && handle_ == nullptr) {
    breaches_.emplace_back("create answered SLUICE_OK without setting *out");
    answer.rc = SLUICE_E_FATAL;
    answer.message = "SLUICE_OK, but *out was not set";
  }
  return answer;
}

Answer Instance::open() {
  ErrorBox error;
  const CallScope scope(*this, "open");
  const sluice_rc rc = subject_.is_source() ? source_ops().open(source(), error.get())
                                            : sink_ops().open(sink(), error.get());
  return error.take(rc, breaches_);
}

Answer Instance::close() {
  ErrorBox error;
  const CallScope scope(*this, "close");
  const sluice_rc rc = subject_.is_source() ? source_ops().close(source(), error.get())
                                            : sink_ops().close(sink(), error.get());
  return error.take(rc, breaches_);
}

// No CallScope: another call may be under way on its own thread.
void Instance::stop() {
  host_.request_stop();
  if (subject_.is_source()) {
    source_ops().stop(source());
  } else {
    sink_ops().stop(sink());
  }
}

void Instance::destroy() {
  if (handle_ == nullptr) return;
  const CallScope scope(*this, "destroy");
  if (subject_.is_source()) {
    source_ops().destroy(source());
  } else {
    sink_ops().destroy(sink());
  }
  handle_ = nullptr;
}

const void* Instance::extension(const char* id) {
  const CallScope scope(*this, "extension");
  if (subject_.is_source()) {
    return source_ops().extension == nullptr ? nullptr : source_ops().extension(source(), id);
  }
  return sink_ops().extension == nullptr ? nullptr : sink_ops().extension(sink(), id);
}

Status Instance::start(const std::string& config) {
  const Answer made = create(config);
  if (!made.ok()) return subject_.cannot_open(made.text("create"));
  const Answer opened = open();
  if (!opened.ok()) return subject_.cannot_open(opened.text("open"));
  return Status::ok();
}

}  // namespace sluice::conform
