/* SPDX-License-Identifier: Apache-2.0
 * Marks of the sink of sample.h: kept in memory, which outlives the instances of one process.
 */
#ifndef SLUICE_TESTS_SAMPLE_MARKS_H
#define SLUICE_TESTS_SAMPLE_MARKS_H

enum { kSampleMarks = 32, kSampleMarkText = 64 };

struct sample_mark {
  char scope[kSampleMarkText];
  char lane[kSampleMarkText];
  uint32_t epoch;
  uint64_t position;
  int present;
};
static struct sample_mark sample_marks[kSampleMarks];

static int same_text(const char* stored, sluice_str text) {
  return strlen(stored) == text.size && memcmp(stored, text.data, (size_t)text.size) == 0;
}

/* The slot of that mark, or a free one. */
static struct sample_mark* find_mark(const sluice_named_mark* name) {
  struct sample_mark* spare = NULL;
  for (int i = 0; i < kSampleMarks; ++i) {
    struct sample_mark* mark = &sample_marks[i];
    if (!mark->present) {
      spare = mark;
    } else if (same_text(mark->scope, name->scope) && same_text(mark->lane, name->lane) &&
               mark->epoch == name->epoch) {
      return mark;
    }
  }
  return spare;
}

static int is_expected(const sluice_named_mark* expect) {
#ifdef SAMPLE_DEFECT_IGNORES_FENCE
  (void)expect;
  return 1;
#else
  const struct sample_mark* mark = find_mark(expect);
  const int present = mark != NULL && mark->present;
  return expect->present ? present && mark->position == expect->position : !present;
#endif
}

static void set_mark(const sluice_named_mark* set) {
  struct sample_mark* mark = find_mark(set);
  if (mark == NULL) return;
  snprintf(mark->scope, sizeof mark->scope, "%.*s", (int)set->scope.size, set->scope.data);
  snprintf(mark->lane, sizeof mark->lane, "%.*s", (int)set->lane.size, set->lane.data);
  mark->epoch = set->epoch;
  mark->position = set->position;
  mark->present = set->present != 0;
}

static sluice_rc marks_write(sluice_sink* self, const sluice_batch* batch, sluice_outcome* outcomes,
                             const sluice_named_mark* const* expect,
                             const sluice_named_mark* const* set, uint32_t n, sluice_error* error) {
  for (uint32_t i = 0; i < n; ++i) {
    if (is_expected(expect[i])) continue;
    set_error(error, "the mark is somewhere else");
    return SLUICE_E_FENCED;
  }
  const sluice_rc rc = batch->count == 0 ? SLUICE_OK : sink_write(self, batch, outcomes, error);
  if (rc != SLUICE_OK) return rc;
#ifndef SAMPLE_DEFECT_MARKS_REFUSED
  for (uint32_t i = 0; i < batch->count; ++i) {
    if (outcomes[i].verdict != SLUICE_REC_OK) return SLUICE_OK;
  }
#endif
  for (uint32_t i = 0; i < n; ++i) set_mark(set[i]);
  return SLUICE_OK;
}

static sluice_rc marks_read(sluice_sink* self, sluice_str scope,
                            void (*each)(void*, const sluice_named_mark*), void* ctx,
                            sluice_error* error) {
  (void)self;
  (void)error;
  for (int i = 0; i < kSampleMarks; ++i) {
    const struct sample_mark* mark = &sample_marks[i];
    if (!mark->present || !same_text(mark->scope, scope)) continue;
    sluice_named_mark found = {sizeof found, 0, {NULL, 0}, {NULL, 0}, 0, 1, 0};
    found.epoch = mark->epoch;
    found.scope = scope;
    found.lane.data = mark->lane;
    found.lane.size = strlen(mark->lane);
    found.position = mark->position;
    each(ctx, &found);
  }
  return SLUICE_OK;
}

static sluice_rc marks_reset(sluice_sink* self, sluice_str scope, uint32_t epoch,
                             sluice_error* error) {
  (void)self;
  (void)error;
  for (int i = 0; i < kSampleMarks; ++i) {
    struct sample_mark* mark = &sample_marks[i];
#ifdef SAMPLE_DEFECT_RESETS_ALL
    (void)scope;
    if (mark->epoch < epoch) mark->present = 0;
#else
    if (mark->present && same_text(mark->scope, scope) && mark->epoch < epoch) mark->present = 0;
#endif
  }
  return SLUICE_OK;
}

static const sluice_sink_marks kMarks = {sizeof(sluice_sink_marks), 0, marks_write, marks_read,
                                         marks_reset};

static const void* sink_extension(sluice_sink* self, const char* id) {
  (void)self;
  return strcmp(id, SLUICE_EXT_SINK_MARKS) == 0 ? &kMarks : NULL;
}

#endif /* SLUICE_TESTS_SAMPLE_MARKS_H */
