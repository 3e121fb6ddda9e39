/* SPDX-License-Identifier: Apache-2.0
 * The source of sample.h: lanes "odd" and "even", positions 1 to SAMPLE_RECORDS / 2 in each. */
#ifndef SLUICE_TESTS_SAMPLE_SOURCE_H
#define SLUICE_TESTS_SAMPLE_SOURCE_H

#define SAMPLE_KIND SLUICE_KIND_SOURCE
#define SAMPLE_COMPONENT_CAPS SAMPLE_CAPS
#define SAMPLE_REASON_COUNT 0
#define SAMPLE_REASONS NULL
#define SAMPLE_RECORDS 24
#define SAMPLE_LANES 2
#define SAMPLE_MAX_BATCH 16
#define SAMPLE_TEXT 32

static const char* const kLaneNames[SAMPLE_LANES] = {"odd", "even"};

struct sluice_source {
  const sluice_host* host;
  uint32_t lane_ids[SAMPLE_LANES];
  uint64_t next[SAMPLE_LANES]; /* position of the next record */
  uint64_t acked[SAMPLE_LANES];
  uint32_t lanes_open;
  uint32_t turn; /* lane of the next record */
  int stopped;   /* atomic: stop comes from any thread */
  int opened;
  int open_failed;
  int closed;
  uint32_t batches; /* handed out so far */
  uint32_t released;
  struct sample_batch* newest;
};

struct sample_batch {
  struct sluice_source* source;
  uint32_t number;
  sluice_record records[SAMPLE_MAX_BATCH];
  char texts[SAMPLE_MAX_BATCH][SAMPLE_TEXT];
};

#ifdef SAMPLE_DEFECT_SHARED_STATE
static int g_stopped;
#endif
#ifdef SAMPLE_DEFECT_LOSES_UNACKED
static int g_instances_gone; /* of those that handed something over */
static int g_instances_alive;
#endif

static int* stop_flag(struct sluice_source* self) {
#ifdef SAMPLE_DEFECT_SHARED_STATE
  (void)self;
  return &g_stopped;
#else
  return &self->stopped;
#endif
}

static sluice_rc source_create(const sluice_host* host, sluice_str config, sluice_source** out,
                               sluice_error* error) {
  const sluice_rc rc = check_config(config, error);
  if (rc != SLUICE_OK) return rc;
  create_defects();
  struct sluice_source* self = (struct sluice_source*)calloc(1, sizeof *self);
  if (self == NULL) {
    set_error(error, "out of memory");
    return SLUICE_E_CONFIG;
  }
  self->host = host;
#ifdef SAMPLE_DEFECT_LOSES_UNACKED
  ++g_instances_alive;
#endif
  __atomic_store_n(stop_flag(self), 0, __ATOMIC_SEQ_CST);
  *out = self;
  return SLUICE_OK;
}

static void source_destroy(sluice_source* self) {
#ifdef SAMPLE_DEFECT_DESTROY_AFTER_FAILED_OPEN
  if (self->open_failed) abort();
#endif
#ifdef SAMPLE_DEFECT_LOSES_UNACKED
  if (self->batches > 0) ++g_instances_gone;
  --g_instances_alive;
#endif
  free(self);
}

static sluice_rc source_open(sluice_source* self, sluice_error* error) {
  const sluice_rc rc = open_resource(error);
  self->open_failed = rc != SLUICE_OK;
  self->opened = rc == SLUICE_OK;
  return rc;
}

/* Opens the lanes at the first poll, each where the host says. */
static sluice_rc open_lanes(sluice_source* self, sluice_error* error) {
  const sluice_host_lanes* lanes =
      (const sluice_host_lanes*)host_extension(self->host, SLUICE_EXT_HOST_LANES);
  if (lanes == NULL) {
    set_error(error, "this host offers no " SLUICE_EXT_HOST_LANES);
    return SLUICE_E_CONFIG;
  }
  for (; self->lanes_open < SAMPLE_LANES; ++self->lanes_open) {
    const uint32_t i = self->lanes_open;
    const sluice_str name = {kLaneNames[i], strlen(kLaneNames[i])};
    uint64_t resume = 0;
    const sluice_rc rc = lanes->open(self->host, name, &self->lane_ids[i], &resume);
    if (rc < 0) return rc;
    self->next[i] = rc == SLUICE_OK ? resume + 1 : 1;
#ifdef SAMPLE_DEFECT_LOSES_UNACKED
    if (rc == SLUICE_IDLE && g_instances_gone > 0 && g_instances_alive == 1) self->next[i] = 2;
#endif
#ifdef SAMPLE_DEFECT_REPLAYS_ACKED
    if (rc == SLUICE_OK) self->next[i] = 1;
#endif
  }
  return SLUICE_OK;
}

static void release_batch(sluice_batch* batch) {
  struct sample_batch* memory = (struct sample_batch*)batch->owner;
#ifdef SAMPLE_DEFECT_RELEASE_ORDER
  if (memory->number != __atomic_fetch_add(&memory->source->released, 1, __ATOMIC_SEQ_CST)) abort();
#endif
  free(memory);
}

static uint32_t choose_lane(const sluice_source* self) {
  const uint32_t lane = self->turn % SAMPLE_LANES;
  if (self->next[lane] <= SAMPLE_RECORDS / SAMPLE_LANES) return lane;
  return (lane + 1) % SAMPLE_LANES;
}

static void fill_record(sluice_source* self, struct sample_batch* memory, uint32_t i) {
  const uint32_t lane = choose_lane(self);
  const uint64_t position = self->next[lane]++;
  ++self->turn;
  const int n = snprintf(memory->texts[i], SAMPLE_TEXT, "{\"lane\":%u,\"n\":%llu}", lane,
                         (unsigned long long)position);
  sluice_record* record = &memory->records[i];
  memset(record, 0, sizeof *record);
  record->value.data = memory->texts[i];
  record->value.size = (uint64_t)n;
  record->lane = self->lane_ids[lane];
  record->position = position;
#ifdef SAMPLE_DEFECT_POSITIONS
  if (position == 9) record->position = 8;
#endif
}

/* Nothing to hand over: a finite source has ended, the other one waits as long as it may. */
static sluice_rc nothing_more(sluice_source* self, uint32_t timeout_ms) {
#ifdef SAMPLE_ENDLESS
#ifdef SAMPLE_DEFECT_POLL_IGNORES_STOP
  const struct timespec time = {(time_t)(timeout_ms / 1000), (long)(timeout_ms % 1000) * 1000000L};
  (void)nanosleep(&time, NULL);
  (void)self;
  return SLUICE_IDLE;
#else
  return self->host->wait(self->host, timeout_ms) ? SLUICE_CANCELLED : SLUICE_IDLE;
#endif
#else
  (void)timeout_ms;
#ifdef SAMPLE_DEFECT_END_ONCE
  return self->closed++ == 0 ? SLUICE_END : SLUICE_IDLE;
#else
  (void)self;
  return SLUICE_END;
#endif
#endif
}

static sluice_rc source_poll(sluice_source* self, uint32_t max_records, uint64_t max_bytes,
                             uint32_t timeout_ms, sluice_batch* out, sluice_error* error) {
  const sluice_rc rc = open_lanes(self, error);
  if (rc != SLUICE_OK) return rc;
  if (__atomic_load_n(stop_flag(self), __ATOMIC_SEQ_CST)) return SLUICE_CANCELLED;
#ifdef SAMPLE_DEFECT_FREES_AT_NEXT_POLL
  if (self->newest != NULL) memset(self->newest->texts, '!', sizeof self->newest->texts);
#endif
#ifdef SAMPLE_DEFECT_IGNORES_MAX_RECORDS
  max_records = 5;
#endif
  if (self->next[choose_lane(self)] > SAMPLE_RECORDS / SAMPLE_LANES) {
    return nothing_more(self, timeout_ms);
  }
  struct sample_batch* memory = (struct sample_batch*)calloc(1, sizeof *memory);
  if (memory == NULL) {
    set_error(error, "out of memory");
    return SLUICE_E_RETRY;
  }
  memory->source = self;
  memory->number = self->batches++;
  uint64_t bytes = 0;
  uint32_t count = 0;
  while (count < max_records && count < SAMPLE_MAX_BATCH && (count == 0 || bytes < max_bytes) &&
         self->next[choose_lane(self)] <= SAMPLE_RECORDS / SAMPLE_LANES) {
    fill_record(self, memory, count);
    bytes += memory->records[count++].value.size;
  }
  out->stride = sizeof(sluice_record);
  out->count = count;
  out->records = memory->records;
  out->owner = memory;
  out->release = release_batch;
#ifdef SAMPLE_DEFECT_FREES_AT_NEXT_POLL
  self->newest = memory;
  out->release = NULL; /* so that the memory is still there to be spoilt */
#endif
  return SLUICE_OK;
}

static sluice_rc source_ack(sluice_source* self, const sluice_mark* marks, uint32_t n,
                            sluice_error* error) {
  (void)error;
  for (uint32_t i = 0; i < n; ++i) {
    uint32_t lane = 0;
    while (lane < SAMPLE_LANES && self->lane_ids[lane] != marks[i].lane) ++lane;
#ifdef SAMPLE_DEFECT_UNKNOWN_LANE
    if (lane == SAMPLE_LANES) abort();
#endif
    if (lane < SAMPLE_LANES && marks[i].position > self->acked[lane]) {
      self->acked[lane] = marks[i].position;
    }
  }
  return SLUICE_OK;
}

static void source_stop(sluice_source* self) {
#ifdef SAMPLE_DEFECT_STOP_BEFORE_OPEN
  if (!self->opened) abort();
#endif
  __atomic_store_n(stop_flag(self), 1, __ATOMIC_SEQ_CST);
}

static sluice_rc source_close(sluice_source* self, sluice_error* error) {
  (void)error;
#ifdef SAMPLE_DEFECT_SECOND_CLOSE
  if (self->closed) abort();
  self->closed = 1;
#else
  (void)self;
#endif
  return SLUICE_OK;
}

static const sluice_source_ops kOps = {sizeof(sluice_source_ops),
                                       0,
                                       source_create,
                                       source_destroy,
                                       source_open,
                                       source_poll,
                                       source_ack,
                                       source_stop,
                                       source_close,
                                       NULL};

#endif /* SLUICE_TESTS_SAMPLE_SOURCE_H */
