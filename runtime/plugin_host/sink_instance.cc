// SPDX-License-Identifier: Apache-2.0
#include <deque>

#include "runtime/base/fault.h"
#include "runtime/base/text.h"
#include "runtime/plugin_host/guest.h"
#include "runtime/plugin_host/instance.h"

namespace sluice {

struct SinkInstance::Impl {
  std::unique_ptr<Guest> guest;
  const sluice_sink_ops* ops = nullptr;
  const sluice_sink_marks* marks = nullptr;  // nullptr: it keeps none
  sluice_sink* handle = nullptr;
  std::deque<std::string> masked;  // details with secrets blotted out, until the next write

  void check_outcomes(CallResult& result, std::span<sluice_outcome> outcomes);
  bool check_outcome(sluice_outcome& outcome, bool every_one_set);
  void clean_detail(sluice_outcome& outcome);
};

namespace {

constexpr std::initializer_list<sluice_rc> kUsual = {SLUICE_OK, SLUICE_CANCELLED, SLUICE_E_RETRY,
                                                     SLUICE_E_CONFIG, SLUICE_E_FATAL};
constexpr std::initializer_list<sluice_rc> kWrite = {
    SLUICE_OK, SLUICE_CANCELLED, SLUICE_E_RETRY, SLUICE_E_CONFIG, SLUICE_E_FATAL, SLUICE_E_BATCH};
constexpr std::initializer_list<sluice_rc> kWriteMarked = {
    SLUICE_OK,      SLUICE_CANCELLED, SLUICE_E_RETRY, SLUICE_E_CONFIG,
    SLUICE_E_FATAL, SLUICE_E_BATCH,   SLUICE_E_FENCED};
constexpr uint64_t kMaxDetail = 4096;

constexpr sluice_outcome kUnset{SLUICE_REC_UNSET, SLUICE_REASON_NONE, 0, 0, 0, {nullptr, 0}};
// What becomes of a record the plugin said nothing sensible of: it may have been written.
constexpr sluice_outcome kInDoubt{
    SLUICE_REC_RETRY, SLUICE_REASON_NONE, SLUICE_RECF_MAYBE_APPLIED, 0, 0, {nullptr, 0}};

}  // namespace

void SinkInstance::Impl::clean_detail(sluice_outcome& outcome) {
  if (outcome.detail.data == nullptr) {
    outcome.detail.size = 0;
    return;
  }
  std::string_view text(outcome.detail.data, std::min(outcome.detail.size, kMaxDetail));
  text = text.substr(0, utf8_valid_prefix(text));
  outcome.detail.size = text.size();
  if (!guest->host().mask().touches(text)) return;
  const std::string& clean = masked.emplace_back(guest->host().mask().apply(text));
  outcome.detail = {clean.data(), clean.size()};
}

// False: the plugin broke the contract here.
bool SinkInstance::Impl::check_outcome(sluice_outcome& outcome, bool every_one_set) {
  if (outcome.verdict == SLUICE_REC_UNSET && !every_one_set) {
    outcome = kUnset;
    return true;
  }
  if (outcome.verdict < SLUICE_REC_OK || outcome.verdict > SLUICE_REC_UNTRIED) {
    outcome = kInDoubt;
    return false;
  }
  clean_detail(outcome);
  if (outcome.reason == SLUICE_REASON_NONE) return true;
  const sluice_component& component = guest->component();
  if (outcome.reason < component.reason_count &&
      component.reasons[outcome.reason]->verdict == outcome.verdict) {
    return true;
  }
  outcome.reason = SLUICE_REASON_NONE;
  return false;
}

void SinkInstance::Impl::check_outcomes(CallResult& result, std::span<sluice_outcome> outcomes) {
  if (result.rc == SLUICE_E_BATCH || result.rc == SLUICE_E_FENCED) {
    // Nothing was applied, so nothing said of single records counts.
    std::fill(outcomes.begin(), outcomes.end(), kUnset);
    return;
  }
  size_t breaches = 0;
  size_t first = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (check_outcome(outcomes[i], result.rc == SLUICE_OK)) continue;
    if (breaches++ == 0) first = i;
  }
  if (breaches == 0) return;
  guest->host().misbehaved("write", std::to_string(breaches) + " of " +
                                        std::to_string(outcomes.size()) +
                                        " outcomes were left unset, out of range or with a reason "
                                        "that is not declared for the verdict, first at record " +
                                        std::to_string(first));
}

SinkInstance::SinkInstance(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SinkInstance::~SinkInstance() {
  if (impl_ == nullptr || impl_->handle == nullptr) return;
  impl_->guest->bracket("destroy", [&] { impl_->ops->destroy(impl_->handle); });
}

Result<std::unique_ptr<SinkInstance>> SinkInstance::create(ComponentRef component, std::string name,
                                                           std::string_view config_json,
                                                           HostServices& services) {
  auto guest =
      make_guest(std::move(component), SLUICE_KIND_SINK, std::move(name), config_json, services);
  if (!guest) return std::move(guest).status();
  auto impl = std::make_unique<Impl>();
  impl->guest = std::move(*guest);
  impl->ops = static_cast<const sluice_sink_ops*>(impl->guest->component().ops);
  const std::string& config = impl->guest->config();
  CallResult result = impl->guest->call("create", kUsual, [&](sluice_error* error) {
    return impl->ops->create(impl->guest->host().abi(), {config.data(), config.size()},
                             &impl->handle, error);
  });
  if (result.rc == SLUICE_OK && impl->handle == nullptr) {
    result = impl->guest->breach("create", "it returned OK without an instance");
  }
  if (result.rc != SLUICE_OK) {
    impl->handle = nullptr;  // whatever a failed create left there is not an instance
    return create_error(*impl->guest, result);
  }
  // NOLINTNEXTLINE: private constructor
  std::unique_ptr<SinkInstance> instance(new SinkInstance(std::move(impl)));
  instance->find_marks();
  return instance;
}

CallResult SinkInstance::open() {
  return impl_->guest->call(
      "open", kUsual, [&](sluice_error* error) { return impl_->ops->open(impl_->handle, error); });
}

CallResult SinkInstance::write(const sluice_batch& batch, std::span<sluice_outcome> outcomes) {
  SLUICE_CHECK(outcomes.size() == batch.count, "a write needs one outcome for each record");
  std::fill(outcomes.begin(), outcomes.end(), kUnset);
  impl_->masked.clear();
  SLUICE_FAULT("sink.write.before");
  CallResult result = impl_->guest->call("write", kWrite, [&](sluice_error* error) {
    return impl_->ops->write(impl_->handle, &batch, outcomes.data(), error);
  });
  SLUICE_FAULT("sink.write.after");
  impl_->check_outcomes(result, outcomes);
  return result;
}

void SinkInstance::find_marks() {
  const auto* table = static_cast<const sluice_sink_marks*>(extension(SLUICE_EXT_SINK_MARKS));
  if (table != nullptr && SLUICE_HAS(table, sluice_sink_marks, reset_marks)) impl_->marks = table;
}

bool SinkInstance::keeps_marks() const { return impl_->marks != nullptr; }

CallResult SinkInstance::write_marked(const sluice_batch& batch, std::span<sluice_outcome> outcomes,
                                      std::span<const sluice_named_mark* const> expect,
                                      std::span<const sluice_named_mark* const> set) {
  SLUICE_CHECK(keeps_marks() && outcomes.size() == batch.count && expect.size() == set.size(),
               "a marked write needs an outcome for each record and what is expected of each mark");
  std::fill(outcomes.begin(), outcomes.end(), kUnset);
  impl_->masked.clear();
  SLUICE_FAULT("sink.write_marked.before");
  CallResult result = impl_->guest->call("write_marked", kWriteMarked, [&](sluice_error* error) {
    return impl_->marks->write_marked(impl_->handle, &batch, outcomes.data(), expect.data(),
                                      set.data(), static_cast<uint32_t>(set.size()), error);
  });
  SLUICE_FAULT("sink.write_marked.after");
  impl_->check_outcomes(result, outcomes);
  return result;
}

CallResult SinkInstance::read_marks(std::string_view scope, const MarkVisitor& each) {
  const auto visit = [](void* ctx, const sluice_named_mark* mark) {
    if (SLUICE_HAS(mark, sluice_named_mark, present) && mark->present != 0) {
      (*static_cast<const MarkVisitor*>(ctx))(*mark);
    }
  };
  return impl_->guest->call("read_marks", kUsual, [&](sluice_error* error) {
    return impl_->marks->read_marks(impl_->handle, {scope.data(), scope.size()}, visit,
                                    const_cast<MarkVisitor*>(&each), error);  // NOLINT: C's void*
  });
}

CallResult SinkInstance::reset_marks(std::string_view scope, uint32_t epoch) {
  return impl_->guest->call("reset_marks", kUsual, [&](sluice_error* error) {
    return impl_->marks->reset_marks(impl_->handle, {scope.data(), scope.size()}, epoch, error);
  });
}

CallResult SinkInstance::probe() {
  const auto* table = static_cast<const sluice_sink_probe*>(extension(SLUICE_EXT_SINK_PROBE));
  if (table == nullptr || !SLUICE_HAS(table, sluice_sink_probe, probe)) return {};
  return impl_->guest->call(
      "probe", kUsual, [&](sluice_error* error) { return table->probe(impl_->handle, error); });
}

void SinkInstance::stop() {
  impl_->guest->host().stop().request();
  impl_->guest->bracket("stop", [&] { impl_->ops->stop(impl_->handle); });
}

CallResult SinkInstance::close() {
  return impl_->guest->call("close", kUsual, [&](sluice_error* error) {
    return impl_->ops->close(impl_->handle, error);
  });
}

const void* SinkInstance::extension(const char* id) {
  if (impl_->ops->extension == nullptr) return nullptr;
  return impl_->guest->bracket("extension",
                               [&] { return impl_->ops->extension(impl_->handle, id); });
}

const std::string& SinkInstance::name() const { return impl_->guest->host().name(); }
const sluice_component& SinkInstance::component() const { return impl_->guest->component(); }

}  // namespace sluice
