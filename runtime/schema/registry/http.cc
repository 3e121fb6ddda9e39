// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/registry/http.h"

#include <curl/curl.h>

#include <mutex>
#include <utility>

namespace sluice::registry {
namespace {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

void prepare_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

class CurlTransport final : public Transport {
 public:
  CurlTransport(RegistryConfig config, const StopSource* stop)
      : config_(std::move(config)), stop_(stop) {}

  Status prepare() {
    prepare_curl();
    easy_.reset(curl_easy_init());
    headers_.reset(curl_slist_append(
        nullptr, "Accept: application/vnd.schemaregistry.v1+json, application/json"));
    if (!easy_ || !headers_) return internal("libcurl gives no handle");
    bool ok = set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_PROTOCOLS_STR, "http,https") &&
              set(CURLOPT_FOLLOWLOCATION, 0L) && set(CURLOPT_ERRORBUFFER, error_) &&
              set(CURLOPT_TIMEOUT_MS, static_cast<long>(config_.timeout.count())) &&
              set(CURLOPT_HTTPHEADER, headers_.get()) && set(CURLOPT_USERAGENT, "sluice") &&
              set(CURLOPT_WRITEFUNCTION, &CurlTransport::take) && set(CURLOPT_WRITEDATA, this) &&
              set(CURLOPT_NOPROGRESS, 0L) && set(CURLOPT_XFERINFOFUNCTION, &CurlTransport::look) &&
              set(CURLOPT_XFERINFODATA, this);
    if (!config_.user.empty()) {
      ok = ok && set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC) &&
           set(CURLOPT_USERNAME, config_.user.c_str()) &&
           set(CURLOPT_PASSWORD, config_.password.c_str());
    }
    if (!config_.ssl_ca.empty()) ok = ok && set(CURLOPT_CAINFO, config_.ssl_ca.c_str());
    return ok ? Status::ok() : internal("libcurl refuses an option; is it older than 7.85?");
  }

  Result<HttpAnswer> get(const std::string& path) override {
    const std::string url = config_.url + path;
    answer_ = {};
    error_[0] = '\0';
    if (!set(CURLOPT_URL, url.c_str())) return internal("libcurl refuses the url " + url);
    const CURLcode done = curl_easy_perform(easy_.get());
    if (stop_ != nullptr && stop_->requested()) return Status(Code::kCancelled, "stop was asked");
    if (done != CURLE_OK && !answer_.cut) {
      return unavailable("is not reached: " + std::string(error_[0] != '\0'
                                                              ? static_cast<const char*>(error_)
                                                              : curl_easy_strerror(done)));
    }
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &answer_.status);
    return std::move(answer_);
  }

 private:
  template <typename Value>
  bool set(CURLoption option, Value value) {
    return curl_easy_setopt(easy_.get(), option, value) == CURLE_OK;
  }

  // Less than what came ends the transfer.
  static size_t take(const char* bytes, size_t one, size_t count, void* self) {
    HttpAnswer& answer = static_cast<CurlTransport*>(self)->answer_;
    const size_t size = one * count;
    if (answer.body.size() + size > kMaxAnswerBytes) {
      answer.cut = true;
      return 0;
    }
    answer.body.append(bytes, size);
    return size;
  }

  static int look(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const StopSource* stop = static_cast<CurlTransport*>(self)->stop_;
    return stop != nullptr && stop->requested() ? 1 : 0;
  }

  const RegistryConfig config_;
  const StopSource* const stop_;
  std::unique_ptr<curl_slist, ListDeleter> headers_;
  std::unique_ptr<CURL, EasyDeleter> easy_;  // after what it uses
  HttpAnswer answer_;                        // of the request that is going on
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace

Result<std::unique_ptr<Transport>> make_transport(const RegistryConfig& config,
                                                  const StopSource* stop) {
  auto made = std::make_unique<CurlTransport>(config, stop);
  SLUICE_RETURN_IF_ERROR(made->prepare());
  return std::unique_ptr<Transport>(std::move(made));
}

}  // namespace sluice::registry
