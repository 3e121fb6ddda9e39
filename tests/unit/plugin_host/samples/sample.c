/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char kSampleSchema[] =
    "{\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"path\"],"
    " \"properties\": {"
    "  \"path\": {\"type\": \"string\", \"minLength\": 1, \"description\": \"Where.\"},"
    "  \"limit\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 100, \"default\": 10,"
    "    \"description\": \"Most records.\"},"
    "  \"token\": {\"type\": \"string\", \"writeOnly\": true,"
    "    \"description\": \"A secret; optional.\"},"
    "  \"order\": {\"enum\": [\"lane\", \"none\"], \"default\": \"lane\","
    "    \"description\": \"Order kept.\"}}}";
const char kSampleExample[] = "{\"path\": \"a\", \"limit\": 5}";

struct sluice_source {
  const sluice_host* host;
  char config[1024];
  uint64_t sent;
};

static int text_is(sluice_str text, const char* word) {
  return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

static int config_holds(const char* config, const char* word) {
  return strstr(config, word) != NULL;
}

static sluice_str text(const char* word) {
  sluice_str out;
  out.data = word;
  out.size = strlen(word);
  return out;
}

static void say(sluice_error* error, const char* message) {
  snprintf(error->message, sizeof(error->message), "%s", message);
}

/* ---- source: three records in lane "a", then the end ------------------------------------------
 */

static sluice_rc source_create(const sluice_host* host, sluice_str config, sluice_source** out,
                               sluice_error* error) {
  sluice_source* me = calloc(1, sizeof(*me));
  if (me == NULL || config.size >= sizeof(me->config)) {
    free(me);
    say(error, "too large");
    return SLUICE_E_CONFIG;
  }
  me->host = host;
  memcpy(me->config, config.data, config.size);
  *out = me;
  return SLUICE_OK;
}
static void source_destroy(sluice_source* me) { free(me); }
static sluice_rc source_open(sluice_source* me, sluice_error* error) {
  (void)me;
  (void)error;
  return SLUICE_OK;
}

static void release(sluice_batch* batch) { free(batch->owner); }

static sluice_rc source_poll(sluice_source* me, uint32_t max_records, uint64_t max_bytes,
                             uint32_t timeout_ms, sluice_batch* out, sluice_error* error) {
  const sluice_host_lanes* lanes = me->host->extension(me->host, SLUICE_EXT_HOST_LANES);
  sluice_record* record;
  uint32_t id = 0;
  uint64_t resume = 0;
  (void)max_bytes;
  (void)timeout_ms;
  if (config_holds(me->config, "\"strange\"")) return 77;
  if (me->sent == 3) return SLUICE_END;
  if (max_records == 0) return SLUICE_IDLE;
  if (lanes == NULL || lanes->open(me->host, text("a"), &id, &resume) < 0) {
    say(error, "no lanes");
    return SLUICE_E_FATAL;
  }
  record = calloc(1, sizeof(*record));
  if (record == NULL) return SLUICE_E_RETRY;
  record->value = text("{}");
  record->lane = id;
  record->position = ++me->sent;
  out->stride = config_holds(me->config, "\"short\"") ? 8 : sizeof(*record);
  out->count = 1;
  out->records = record;
  out->owner = record;
  out->release = release;
  return SLUICE_OK;
}
static sluice_rc source_ack(sluice_source* me, const sluice_mark* marks, uint32_t n,
                            sluice_error* error) {
  (void)me;
  (void)marks;
  (void)n;
  (void)error;
  return SLUICE_OK;
}
static void source_stop(sluice_source* me) { (void)me; }
static sluice_rc source_close(sluice_source* me, sluice_error* error) {
  (void)me;
  (void)error;
  return SLUICE_OK;
}

/* ---- sink: what becomes of a record stands in its value ---------------------------------------
 */

struct sluice_sink {
  const sluice_host* host;
  char config[1024];
};

static sluice_rc sink_create(const sluice_host* host, sluice_str config, sluice_sink** out,
                             sluice_error* error) {
  sluice_sink* me = calloc(1, sizeof(*me));
  if (me == NULL || config.size >= sizeof(me->config)) {
    free(me);
    say(error, "too large");
    return SLUICE_E_CONFIG;
  }
  me->host = host;
  memcpy(me->config, config.data, config.size);
  if (config_holds(me->config, "\"nowhere\"")) {
    free(me);
    say(error, "/path: nowhere is no place");
    return SLUICE_E_CONFIG;
  }
  *out = me;
  return SLUICE_OK;
}
static void sink_destroy(sluice_sink* me) { free(me); }
static sluice_rc sink_open(sluice_sink* me, sluice_error* error) {
  if (config_holds(me->config, "\"locked\"")) {
    say(error, "the door is shut for hunter2hunter2");
    return SLUICE_E_RETRY;
  }
  return SLUICE_OK;
}

static void write_one(const sluice_sink* me, const sluice_record* record, sluice_outcome* out) {
  volatile int* nothing = NULL;
  unsigned i;
  if (text_is(record->value, "crash")) *nothing = 1;
  if (text_is(record->value, "unset")) return;
  out->verdict = SLUICE_REC_OK;
  if (text_is(record->value, "odd")) out->verdict = 99;
  if (text_is(record->value, "bad")) {
    out->verdict = SLUICE_REC_REJECT;
    out->reason = 0;
    out->detail = text("not liked by hunter2hunter2");
  }
  if (text_is(record->value, "undeclared")) {
    out->verdict = SLUICE_REC_REJECT;
    out->reason = 9;
  }
  if (text_is(record->value, "metric")) me->host->metric(me->host, 5, 1);
  if (text_is(record->value, "chatter")) {
    for (i = 0; i < 100; ++i)
      me->host->log(me->host, SLUICE_LOG_WARN, text("token hunter2hunter2"));
  }
}

static sluice_rc sink_write(sluice_sink* me, const sluice_batch* batch, sluice_outcome* outcomes,
                            sluice_error* error) {
  uint32_t i;
  (void)error;
  for (i = 0; i < batch->count; ++i) {
    const unsigned char* bytes = (const unsigned char*)batch->records + (size_t)i * batch->stride;
    write_one(me, (const sluice_record*)(const void*)bytes, &outcomes[i]);
  }
  me->host->metric(me->host, 0, batch->count);
  return SLUICE_OK;
}
static void sink_stop(sluice_sink* me) { (void)me; }
static sluice_rc sink_close(sluice_sink* me, sluice_error* error) {
  (void)me;
  (void)error;
  return SLUICE_OK;
}

/* ---- descriptions -----------------------------------------------------------------------------
 */

const sluice_source_ops kSampleSourceOps = {sizeof(sluice_source_ops),
                                            0,
                                            source_create,
                                            source_destroy,
                                            source_open,
                                            source_poll,
                                            source_ack,
                                            source_stop,
                                            source_close,
                                            NULL};
const sluice_sink_ops kSampleSinkOps = {sizeof(sluice_sink_ops),
                                        0,
                                        sink_create,
                                        sink_destroy,
                                        sink_open,
                                        sink_write,
                                        sink_stop,
                                        sink_close,
                                        NULL};

static const sluice_reason kDisliked = {sizeof(sluice_reason), SLUICE_REC_REJECT, "disliked",
                                        "The record was not liked.", "CONSTRAINT_VIOLATION"};
static const sluice_reason* const kReasons[] = {&kDisliked};
static const sluice_metric kWritten = {sizeof(sluice_metric), SLUICE_METRIC_COUNTER,
                                       "written_total", "Records written."};
static const sluice_metric* const kMetrics[] = {&kWritten};

const sluice_component kSampleSource = {sizeof(sluice_component),
                                        SLUICE_KIND_SOURCE,
                                        "sample",
                                        "Three records.",
                                        kSampleSchema,
                                        kSampleExample,
                                        SLUICE_CAP_FINITE,
                                        0,
                                        NULL,
                                        0,
                                        0,
                                        NULL,
                                        &kSampleSourceOps};
const sluice_component kSampleSink = {sizeof(sluice_component),
                                      SLUICE_KIND_SINK,
                                      "sample",
                                      "Does as it is told.",
                                      kSampleSchema,
                                      kSampleExample,
                                      SLUICE_CAP_ORDERED,
                                      1,
                                      kReasons,
                                      1,
                                      0,
                                      kMetrics,
                                      &kSampleSinkOps};
const sluice_component* const kSampleComponents[2] = {&kSampleSource, &kSampleSink};
