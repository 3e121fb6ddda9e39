/* SPDX-License-Identifier: Apache-2.0
 * The sink of sample.h: takes what looks like a JSON object, rejects anything else, keeps a count.
 */
#ifndef SLUICE_TESTS_SAMPLE_SINK_H
#define SLUICE_TESTS_SAMPLE_SINK_H

#define SAMPLE_KIND SLUICE_KIND_SINK
#define SAMPLE_COMPONENT_CAPS (SLUICE_CAP_ORDERED | SLUICE_CAP_MARKS)

static const sluice_reason kNotAnObject = {sizeof(sluice_reason), SLUICE_REC_REJECT,
                                           "not_an_object", "The record is not a JSON object.",
                                           "VALIDATION_FAIL"};
static const sluice_reason* const kReasons[] = {&kNotAnObject};
#define SAMPLE_REASON_COUNT 1
#define SAMPLE_REASONS kReasons

struct sluice_sink {
  const sluice_host* host;
  uint64_t written;
  int closed;
  const char* kept; /* for a defect: memory of a past batch */
};

static sluice_rc sink_create(const sluice_host* host, sluice_str config, sluice_sink** out,
                             sluice_error* error) {
  const sluice_rc rc = check_config(config, error);
  if (rc != SLUICE_OK) return rc;
  create_defects();
  struct sluice_sink* self = (struct sluice_sink*)calloc(1, sizeof *self);
  if (self == NULL) {
    set_error(error, "out of memory");
    return SLUICE_E_CONFIG;
  }
  self->host = host;
  *out = self;
  return SLUICE_OK;
}

static void sink_destroy(sluice_sink* self) { free(self); }

static sluice_rc sink_open(sluice_sink* self, sluice_error* error) {
  (void)host_extension(self->host, "sluice.host.columns/1");
  return open_resource(error);
}

static sluice_rc sink_write(sluice_sink* self, const sluice_batch* batch, sluice_outcome* outcomes,
                            sluice_error* error) {
  (void)error;
#ifdef SAMPLE_DEFECT_EMPTY_BATCH
  if (batch->count == 0) abort();
#endif
#ifdef SAMPLE_DEFECT_KEEPS_BATCH
  static volatile char sink_of_bytes;
  (void)sink_of_bytes;
  if (self->kept != NULL) sink_of_bytes = *self->kept;
#endif
  const char* at = (const char*)batch->records;
  for (uint32_t i = 0; i < batch->count; ++i, at += batch->stride) {
    const sluice_record* record = (const sluice_record*)at;
    const int deletes = (record->flags & SLUICE_RECORDF_DELETE) != 0;
    if (deletes || (record->value.size > 0 && record->value.data[0] == '{')) {
      outcomes[i].verdict = SLUICE_REC_OK;
      ++self->written;
    } else {
      outcomes[i].verdict = SLUICE_REC_REJECT;
      outcomes[i].reason = 0;
      outcomes[i].detail.data = "expected '{'";
      outcomes[i].detail.size = 12;
#ifdef SAMPLE_DEFECT_OUTCOME_UNSET
      outcomes[i].verdict = batch->count > 1 ? SLUICE_REC_UNSET : SLUICE_REC_REJECT;
#endif
#ifdef SAMPLE_DEFECT_UNDECLARED_REASON
      if (batch->count > 1) outcomes[i].reason = 7;
#endif
    }
#ifdef SAMPLE_DEFECT_KEEPS_BATCH
    self->kept = record->value.size > 0 ? record->value.data : self->kept;
#endif
  }
  return SLUICE_OK;
}

#include "sample_marks.h"

static void sink_stop(sluice_sink* self) { (void)self; }

static sluice_rc sink_close(sluice_sink* self, sluice_error* error) {
  (void)self;
  (void)error;
  return SLUICE_OK;
}

static const sluice_sink_ops kOps = {sizeof(sluice_sink_ops),
                                     0,
                                     sink_create,
                                     sink_destroy,
                                     sink_open,
                                     sink_write,
                                     sink_stop,
                                     sink_close,
                                     sink_extension};

#endif /* SLUICE_TESTS_SAMPLE_SINK_H */
