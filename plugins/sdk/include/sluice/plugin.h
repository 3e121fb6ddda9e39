/* SPDX-License-Identifier: Apache-2.0
 *
 * plugin.h - the whole contract between the Sluice runtime and an adapter (a shared library).
 * C11 or any later C or C++; needs <stddef.h> and <stdint.h> only. Nothing else crosses the border.
 *
 * Conventions
 *   Exceptions  none may leave a function of either side.
 *   Memory      whoever allocates frees; what is handed over comes with a release function.
 *   Strings     sluice_str: UTF-8 where text is meant, any bytes in keys and values; never
 *               NUL-terminated. data == NULL means absent, size == 0 with data means empty.
 *   Growth      a struct that may grow begins with struct_size, set by the side that fills it; the
 *               other side reads a tail field only if SLUICE_HAS says it is there. Arrays of such
 *               structs are arrays of pointers, or carry a stride.
 *   Threads     calls on one instance never overlap, on whatever thread, except those tagged [any].
 *               Different instances run in parallel.
 *
 * Rules of change
 *   1. What a release shipped does not change: names, order, types, meaning, ownership, threading,
 *      nullability.
 *   2. New fields at the tail; new behaviour as an extension "name/revision"; a new function is a
 *      new slot at the tail, optional for the plugin.
 *   3. New constants only in the direction where old code cannot meet them unprepared: new results
 *      and verdicts need a new major; new log levels, capabilities and reasons do not.
 *   4. Removing means leaving the slot and never filling it.
 *   Version 1.0 is a draft until the first release freezes it.
 */
#ifndef SLUICE_PLUGIN_H
#define SLUICE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_MAGIC UINT64_C(0x0031454349554C53) /* "SLUICE1\0"; never changes, any major */
#define SLUICE_ABI_MAJOR 1                        /* break: also renames the exported symbol */
#define SLUICE_ABI_MINOR 0                        /* append: new tail fields, new extensions */
#define SLUICE_ENTRY_SYMBOL \
  "sluice_plugin_v1" /* the one exported symbol, of type sluice_plugin_entry */

/* True if the struct `p` points to reaches past `field`. */
#define SLUICE_HAS(p, type, field) \
  ((p)->struct_size >= offsetof(type, field) + sizeof(((type*)0)->field))

/* Bytes with a length. Frozen for the whole major. */
typedef struct sluice_str {
  const char* data;
  uint64_t size;
} sluice_str;

/* ---- results -------------------------------------------------------------------------------- */

typedef int32_t sluice_rc; /* result of a call */
#define SLUICE_OK 0
#define SLUICE_IDLE 1        /* poll: nothing arrived before the timeout; the batch is empty */
#define SLUICE_END 2         /* poll: a finite source is exhausted; repeats on every later poll */
#define SLUICE_CANCELLED 3   /* stop was requested; not a failure */
#define SLUICE_E_RETRY (-1)  /* the same call may succeed later (connection, timeout, busy) */
#define SLUICE_E_CONFIG (-2) /* never succeeds with this configuration; an operator must act */
#define SLUICE_E_FATAL (-3)  /* the instance is unusable: destroy it */
/* write: nothing was applied and at least one record is permanently refused, which one is unknown;
 * the host bisects */
#define SLUICE_E_BATCH (-4)
/* write_marked: another owner has moved the marks; nothing was applied */
#define SLUICE_E_FENCED (-5)

typedef int32_t sluice_verdict; /* fate of one record */
#define SLUICE_REC_UNSET 0      /* the host pre-fills this; leaving it after SLUICE_OK is a bug */
#define SLUICE_REC_OK 1         /* durable at the destination */
#define SLUICE_REC_RETRY 2      /* transient: offer the same record again */
#define SLUICE_REC_REJECT 3     /* permanent: the same bytes and configuration will always fail */
#define SLUICE_REC_UNTRIED 4    /* the batch stopped before reaching it; no attempt is counted */

#define SLUICE_REASON_NONE 0xFFFFu /* no declared reason applies */
#define SLUICE_RECF_DUPLICATE 1u   /* with OK: it was already there (equal revision or same key) */
#define SLUICE_RECF_MAYBE_APPLIED 2u /* with RETRY: an effect may exist */
#define SLUICE_RECF_SUPERSEDED 4u    /* with OK: a newer revision in the same batch replaced it */

/* A reason a component can give for a verdict: declared once, referred to by index. */
typedef struct sluice_reason {
  uint32_t struct_size;
  sluice_verdict verdict; /* the only verdict this reason goes with: RETRY or REJECT */
  const char* code;       /* "unique_violation": [a-z0-9_]{1,48} */
  const char* help;       /* one sentence for the operator */
  const char* maps_to;    /* the runtime's reason code, e.g. "CONSTRAINT_VIOLATION" */
} sluice_reason;

/* What became of one record of a write. Allocated and pre-filled (UNSET, SLUICE_REASON_NONE, zeros)
 * by the host. Frozen for the whole major. */
typedef struct sluice_outcome {
  sluice_verdict verdict;
  uint16_t reason;         /* index into component->reasons, or SLUICE_REASON_NONE */
  uint16_t flags;          /* SLUICE_RECF_* */
  uint32_t retry_after_ms; /* with RETRY; 0: the host decides */
  uint32_t reserved;
  sluice_str detail; /* UTF-8, under 4 KiB; plugin memory, valid until the next call */
} sluice_outcome;

/* Why a call failed. Allocated by the caller (struct_size set, reason SLUICE_REASON_NONE), filled
 * by the callee when it returns a negative result. */
typedef struct sluice_error {
  uint32_t struct_size;
  uint16_t reason; /* index into component->reasons, or SLUICE_REASON_NONE */
  uint16_t reserved;
  uint32_t retry_after_ms; /* with E_RETRY; 0: the host decides */
  char message[500];       /* NUL-terminated UTF-8, may be truncated */
} sluice_error;

/* ---- records -------------------------------------------------------------------------------- */

typedef struct sluice_header { /* frozen for the whole major */
  sluice_str key;
  sluice_str value;
} sluice_header;

#define SLUICE_RECORDF_DELETE \
  1u /* a tombstone: the key's record is to be deleted; value is absent */

/* One record. Grows at the tail: step from one to the next by batch->stride, never by sizeof. */
typedef struct sluice_record {
  sluice_str key;
  sluice_str value;
  const sluice_header* headers; /* header_count of them, valid as long as the batch */
  uint32_t header_count;
  uint32_t lane;     /* id given by the host's lanes extension; lives for one run */
  uint64_t position; /* strictly increasing within a lane */
  int64_t time_us;   /* event time, microseconds since 1970-01-01 UTC; 0: unknown */
  uint32_t part;     /* sink side: which part of the source record; source side: 0 */
  uint32_t flags;    /* SLUICE_RECORDF_* */
} sluice_record;

/* Records handed over together.
 * From a source: the source owns all memory until the host calls release (once, on any thread, and
 * before destroy); several batches may be outstanding.
 * To a sink: borrowed until write returns, release is NULL, all records are of one source instance
 * and (lane, position, part) rises. */
typedef struct sluice_batch {
  uint32_t struct_size;
  uint32_t stride; /* bytes from one record to the next */
  uint32_t count;
  uint32_t reserved;
  const sluice_record* records;
  const char* origin; /* instance name of the source; with the lane's NAME, position and part it
                         names a record for all time. Sources leave it NULL. */
  void* owner;
  void (*release)(struct sluice_batch*); /* [any] */
} sluice_batch;

/* "Everything up to and including this position of this lane is settled." Frozen. */
typedef struct sluice_mark {
  uint32_t lane;
  uint32_t reserved;
  uint64_t position;
} sluice_mark;

/* ---- what the host offers ------------------------------------------------------------------- */

#define SLUICE_LOG_DEBUG 1
#define SLUICE_LOG_INFO 2
#define SLUICE_LOG_WARN 3
#define SLUICE_LOG_ERROR 4

typedef struct sluice_host { /* one per instance; outlives it */
  uint32_t struct_size;
  uint16_t abi_major, abi_minor;
  void* ctx;        /* the host's own */
  const char* name; /* instance name from the configuration */
  int (*log_enabled)(const struct sluice_host*, int32_t level);          /* [any] */
  void (*log)(const struct sluice_host*, int32_t level, sluice_str msg); /* [any] */
  int (*stopping)(const struct sluice_host*);          /* [any] 1 once stop was asked */
  int (*wait)(const struct sluice_host*, uint32_t ms); /* [any] sleeps; 1: stop was asked */
  int (*stop_fd)(const struct sluice_host*);           /* [any] readable when stopping; -1: none */
  void (*metric)(const struct sluice_host*, uint32_t metric, double v); /* [any] index into
                        component->metrics; counter: add v, gauge: set, histogram: observe */
  const void* (*extension)(const struct sluice_host*, const char* id);  /* [any] NULL: unknown */
} sluice_host;

/* ---- what an adapter offers ----------------------------------------------------------------- */

typedef struct sluice_source sluice_source; /* opaque, owned by the plugin */
typedef struct sluice_sink sluice_sink;

/* Order of calls: create, open, (poll | ack)*, close, destroy; stop at any moment. create does no
 * I/O and fails with E_CONFIG only; open connects. destroy is legal after create, after a failed
 * open and after close, once every batch is released. */
typedef struct sluice_source_ops {
  uint32_t struct_size;
  uint32_t reserved;
  sluice_rc (*create)(const sluice_host*, sluice_str config_json, sluice_source** out,
                      sluice_error*);
  void (*destroy)(sluice_source*);
  sluice_rc (*open)(sluice_source*, sluice_error*);
  /* Fills *out with at most max_records records and about max_bytes bytes of values (the first
   * record may exceed), waiting at most timeout_ms. On any result but SLUICE_OK *out is left
   * empty. With max_records 0 the host has no room and asks for nothing but a sign of life: a
   * source that shares its lanes with others stays a member, and may give some back. */
  sluice_rc (*poll)(sluice_source*, uint32_t max_records, uint64_t max_bytes, uint32_t timeout_ms,
                    sluice_batch* out, sluice_error*);
  /* Marks never go back; a mark of an unknown lane is ignored. */
  sluice_rc (*ack)(sluice_source*, const sluice_mark*, uint32_t n, sluice_error*);
  void (*stop)(sluice_source*); /* [any] returns at once, may repeat, may come before open */
  sluice_rc (*close)(sluice_source*, sluice_error*);
  const void* (*extension)(sluice_source*, const char* id); /* may be NULL */
} sluice_source_ops;

/* Order of calls: create, open, write*, close, destroy; stop at any moment. */
typedef struct sluice_sink_ops {
  uint32_t struct_size;
  uint32_t reserved;
  sluice_rc (*create)(const sluice_host*, sluice_str config_json, sluice_sink** out, sluice_error*);
  void (*destroy)(sluice_sink*);
  sluice_rc (*open)(sluice_sink*, sluice_error*);
  /* Fills one outcome a record. On SLUICE_OK every verdict is set; on E_RETRY, E_FATAL and
   * CANCELLED those already set hold, the rest stay UNSET; on E_BATCH nothing was applied. */
  sluice_rc (*write)(sluice_sink*, const sluice_batch*, sluice_outcome* per_record, sluice_error*);
  void (*stop)(sluice_sink*); /* [any] */
  sluice_rc (*close)(sluice_sink*, sluice_error*);
  const void* (*extension)(sluice_sink*, const char* id); /* may be NULL */
} sluice_sink_ops;

#define SLUICE_KIND_SOURCE 1
#define SLUICE_KIND_SINK 2

#define SLUICE_CAP_REPLAY 1u     /* source: resumes from a lane's mark */
#define SLUICE_CAP_IDEMPOTENT 2u /* sink: writing a record twice is harmless */
#define SLUICE_CAP_ORDERED 4u    /* sink: applies a batch in order */
#define SLUICE_CAP_FINITE 8u     /* source: can return SLUICE_END */
#define SLUICE_CAP_MARKS 16u     /* sink: offers sluice.sink.marks/1 */

#define SLUICE_METRIC_COUNTER 1
#define SLUICE_METRIC_GAUGE 2
#define SLUICE_METRIC_HISTOGRAM 3

typedef struct sluice_metric {
  uint32_t struct_size;
  int32_t kind;     /* SLUICE_METRIC_* */
  const char* name; /* "broker_queue_bytes": [a-z][a-z0-9_]{0,63} */
  const char* help;
} sluice_metric;

typedef struct sluice_component {
  uint32_t struct_size;
  int32_t kind;               /* SLUICE_KIND_* */
  const char* id;             /* "postgres": [a-z][a-z0-9_]{0,31}; unique per kind in a process */
  const char* summary;        /* one sentence */
  const char* config_schema;  /* JSON Schema (draft-07), object at the top */
  const char* example_config; /* JSON; must validate against the schema */
  uint32_t caps;              /* SLUICE_CAP_* */
  uint32_t reason_count;
  const sluice_reason* const* reasons;
  uint32_t metric_count;
  uint32_t reserved;
  const sluice_metric* const* metrics;
  const void* ops; /* sluice_source_ops or sluice_sink_ops, by kind */
} sluice_component;

/* The one exported symbol: data, no code. The host reads magic, struct_size and versions from the
 * file before it loads it. */
typedef struct sluice_plugin_entry {
  uint64_t magic;
  uint32_t struct_size;
  uint16_t abi_major, abi_minor; /* of the header it was built with */
  uint16_t min_host_minor;       /* oldest host minor it can live with */
  uint16_t reserved;
  uint32_t component_count;
  const sluice_component* const* components;
  const char* name;
  const char* version; /* semver of the plugin itself */
  const char* license; /* SPDX */
  const char* build;   /* compiler, flags, sanitizer; diagnostic only */
} sluice_plugin_entry;

/* ---- extensions ------------------------------------------------------------------------------
 * An extension is a constant table of functions found by id; the id ends in a revision. Both sides
 * treat it as optional, except sluice.host.lanes/1, which every host offers to every source. */

/* Lanes by durable name. All functions are legal inside poll (and inside open) of that instance
 * only; `host` is the instance's host. */
#define SLUICE_EXT_HOST_LANES "sluice.host.lanes/1"
typedef struct sluice_host_lanes {
  uint32_t struct_size;
  uint32_t reserved;
  /* Names a lane. *id is its number (the same name gets the same number until it is done, revoked
   * or lost; after that it is another lane with another number); *resume is the last settled
   * position, valid if the result is SLUICE_OK; SLUICE_IDLE: the lane has never been settled, start
   * at its beginning. Name: 1 to 4096 bytes of UTF-8. */
  sluice_rc (*open)(const sluice_host*, sluice_str name, uint32_t* id, uint64_t* resume);
  /* No record of this lane will come again. Its mark is forgotten once all of it is settled. */
  sluice_rc (*done)(const sluice_host*, uint32_t id);
  /* An opaque blob (at most 1 MiB) stored together with the marks of everything handed over so far
   * and handed back at the next start. *out is valid until the next call; data NULL: none. */
  sluice_rc (*cursor_get)(const sluice_host*, sluice_str* out);
  sluice_rc (*cursor_set)(const sluice_host*, sluice_str blob);
  /* Rebalance: lanes that come and go while the process runs.
   * assigned: these lanes, just opened, are this process's now. What is stored of them is read
   * anew, since another process may have had them meanwhile, so `open` the name once more for where
   * the lane goes on. SLUICE_E_RETRY: the store is away, try again (from a later poll).
   * revoked: blocks for at most limit_ms. The host settles what it can of what is out, drops what
   * no sink has begun, makes the marks durable and writes those that are (n_marks in: room, out:
   * count; a lane without one was never settled). The source commits these and no others: what it
   * is told by ack later is of other lanes.
   * lost: another process has them already. Returns at once; nothing of them is committed any
   * more.
   * After revoked and lost the ids mean nothing: no record may carry them, and acks for them are
   * to be ignored. An instance that is about to answer E_FATAL or to be closed gives back what it
   * has first, if another process could take it over. */
  sluice_rc (*assigned)(const sluice_host*, const uint32_t* ids, uint32_t n);
  sluice_rc (*revoked)(const sluice_host*, const uint32_t* ids, uint32_t n, uint32_t limit_ms,
                       sluice_mark* marks, uint32_t* n_marks);
  sluice_rc (*lost)(const sluice_host*, const uint32_t* ids, uint32_t n);
} sluice_host_lanes;

/* Where lanes go on whose positions another system keeps as well, such as a Kafka consumer group.
 * The host counts epochs: each time somebody moves a source back on purpose (with the host's own
 * tools, with those of the other system, by deleting a checkpoint) a new one begins, and what was
 * known of the records before does not keep them from being processed again. So:
 *   - the source puts the present epoch into what it stores with each position (the metadata of a
 *     Kafka commit, in a form that nobody else writes), asking `current` before each commit;
 *   - on an assignment it calls lanes.open for each lane, lanes.assigned, reads what the other
 *     system has, and gives all of it to `resume`, which says where each lane goes on. That takes
 *     the place of the second lanes.open;
 *   - a position without an epoch was stored by other hands: it wins, and if it differs from where
 *     the lane had come to, a new epoch begins. One of an earlier epoch is out of date.
 * Legal inside poll, open and (current) ack. */
#define SLUICE_EXT_HOST_EPOCH "sluice.host.epoch/1"
#define SLUICE_PLACE_KNOWN 1u      /* next says where the lane goes on */
#define SLUICE_PLACE_OURS 2u       /* it came with an epoch, which is in epoch */
typedef struct sluice_lane_place { /* frozen */
  uint32_t lane;                   /* id */
  uint32_t flags;                  /* SLUICE_PLACE_* */
  uint64_t next;                   /* the first position that is not settled: a committed offset */
  uint32_t epoch;
  uint32_t reserved;
} sluice_lane_place;
typedef struct sluice_host_epoch {
  uint32_t struct_size;
  uint32_t reserved;
  sluice_rc (*current)(const sluice_host*, uint32_t* epoch);
  /* In: what the other system has of these lanes. Out: where each goes on; without PLACE_KNOWN it
   * was never read, and the source's own rule for new lanes holds; with next 0 it is to be read
   * from the first position there is, whatever that rule says. SLUICE_E_RETRY: the host's store is
   * away, call again (from a later poll); no record may be handed over before. */
  sluice_rc (*resume)(const sluice_host*, sluice_lane_place* places, uint32_t n);
} sluice_host_epoch;

/* Typed columns by JSON Pointer, so that no sink parses JSON. */
#define SLUICE_EXT_HOST_COLUMNS "sluice.host.columns/1"
#define SLUICE_CELL_NULL 0   /* JSON null */
#define SLUICE_CELL_ABSENT 1 /* the pointer finds nothing */
#define SLUICE_CELL_BOOL 2   /* v.u64: 0 or 1 */
#define SLUICE_CELL_I64 3    /* an integer that fits; v.i64 */
#define SLUICE_CELL_U64 4    /* an integer above INT64_MAX that fits; v.u64 */
#define SLUICE_CELL_F64 5    /* any other number; v.f64 nearest, text exact */
#define SLUICE_CELL_TEXT 6   /* a string, decoded; text */
#define SLUICE_CELL_JSON 7   /* an object or array; text is its JSON */

#define SLUICE_COLUMN_AUTO 0 /* type of the value decides */
#define SLUICE_COLUMN_JSON 1 /* any value as its JSON text (CELL_JSON), absent stays ABSENT */

typedef struct sluice_column {
  uint32_t struct_size;
  uint32_t form;      /* SLUICE_COLUMN_* */
  sluice_str pointer; /* RFC 6901; "" is the whole record */
} sluice_column;

typedef struct sluice_cell { /* frozen */
  int32_t kind;              /* SLUICE_CELL_* */
  uint32_t reserved;
  union {
    int64_t i64;
    uint64_t u64;
    double f64;
  } v;
  sluice_str text; /* TEXT, JSON: the value; numbers: their exact text; else absent */
} sluice_cell;

typedef struct sluice_host_columns {
  uint32_t struct_size;
  uint32_t reserved;
  /* Legal inside open, once: the columns every later write will read. Strings are copied. */
  sluice_rc (*declare)(const sluice_host*, const sluice_column* const* columns, uint32_t n);
  /* Legal inside write, with that write's batch: row-major matrix of batch->count rows and as many
   * cells a row as were declared. Borrowed until write returns. A record without a value
   * (SLUICE_RECORDF_DELETE) has ABSENT cells. */
  sluice_rc (*cells)(const sluice_host*, const sluice_batch*, const sluice_cell** out);
} sluice_host_columns;

/* A durable, bounded, group-committed journal for sources that must answer before delivery. */
#define SLUICE_EXT_HOST_JOURNAL "sluice.host.journal/1"
typedef struct sluice_host_journal {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Appends and returns at once; durable(ctx, rc) is called on a host thread once the entry
   * is fsynced (SLUICE_OK) or refused because the journal is full (SLUICE_E_RETRY). *position is
   * the record's position in the journal's lane. */
  sluice_rc (*append)(const sluice_host*, sluice_str entry, uint64_t* position,
                      void (*durable)(void* ctx, sluice_rc rc), void* ctx);
  /* Reads entries above `after` (inside poll). The text is valid until the next call. */
  sluice_rc (*read)(const sluice_host*, uint64_t after, uint64_t* position, sluice_str* entry);
  /* Everything up to here may be forgotten (inside ack). */
  sluice_rc (*trim)(const sluice_host*, uint64_t position);
} sluice_host_journal;

/* Outcome of each record, for sources that answer their senders. */
#define SLUICE_EXT_SOURCE_SETTLE "sluice.source.settle/1"
#define SLUICE_SETTLED_COMMITTED 1
#define SLUICE_SETTLED_DUPLICATE 2
#define SLUICE_SETTLED_FILTERED 3
#define SLUICE_SETTLED_REJECTED 4
#define SLUICE_SETTLED_SPOOLED 5
#define SLUICE_SETTLED_SHED 6
typedef struct sluice_settled {
  uint32_t struct_size;
  int32_t outcome; /* SLUICE_SETTLED_* */
  uint32_t lane;
  uint32_t reserved;
  uint64_t position;
  sluice_str code;    /* REJECTED: the reason code */
  sluice_str pointer; /* REJECTED: JSON Pointer into the record, or absent */
  sluice_str text;
} sluice_settled;
typedef struct sluice_source_settle {
  uint32_t struct_size;
  uint32_t reserved;
  void (*settled)(sluice_source*, const sluice_settled* const*, uint32_t n);
} sluice_source_settle;

/* How far behind a source is. */
#define SLUICE_EXT_SOURCE_LAG "sluice.source.lag/1"
typedef struct sluice_lane_lag {
  uint32_t struct_size;
  uint32_t lane;
  sluice_str name;
  uint64_t committed;
  uint64_t end;
  int64_t records_behind; /* -1: unknown */
  double seconds_behind;  /* negative: unknown */
  sluice_str group;       /* a consumer group whose lag this is; absent: none */
  sluice_str topic;       /* of the group's: the lane's name is topic/number */
  int64_t captured_us;    /* when it was so; 0: now */
} sluice_lane_lag;
typedef struct sluice_source_lag {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Calls each(ctx, lag) for every lane. */
  sluice_rc (*lag)(sluice_source*, void (*each)(void* ctx, const sluice_lane_lag*), void* ctx);
} sluice_source_lag;

/* Where lanes stand in another system that keeps their positions as well (sluice.host.epoch/1), for
 * who looks at them and moves them. After open, on an instance that is never polled; those that
 * read are not disturbed. */
#define SLUICE_EXT_SOURCE_PLACES "sluice.source.places/1"
#define SLUICE_NO_TIME INT64_MIN
typedef struct sluice_lane_state {
  uint32_t struct_size;
  uint32_t flags;    /* SLUICE_PLACE_*: of next and epoch */
  sluice_str lane;   /* durable name */
  sluice_str group;  /* whose positions these are */
  sluice_str topic;  /* what the lane is a part of; absent: nothing */
  sluice_str member; /* who reads it now; absent: nobody */
  uint64_t low;      /* the first position there is */
  uint64_t end;      /* the position that comes next */
  uint64_t next;     /* the first that is not settled */
  uint64_t at;       /* the first of the time that was asked for, or later */
  uint32_t epoch;
  uint32_t members; /* how many the group has */
} sluice_lane_state;
typedef struct sluice_source_places {
  uint32_t struct_size;
  uint32_t reserved;
  /* Calls each(ctx, state) for every lane there is; its texts are valid during that call only.
   * at_us: microseconds since 1970, or SLUICE_NO_TIME, where `at` is the end. */
  sluice_rc (*list)(sluice_source*, int64_t at_us,
                    void (*each)(void* ctx, const sluice_lane_state*), void* ctx, sluice_error*);
  /* Stores `next` and `epoch` of the lanes; without PLACE_KNOWN, that nothing is known of them.
   * SLUICE_E_RETRY: not possible now, as while somebody reads. */
  sluice_rc (*store)(sluice_source*, const sluice_lane_state* const*, uint32_t n, sluice_error*);
} sluice_source_places;

/* Reading a time range again, apart from the live position. */
#define SLUICE_EXT_SOURCE_REPLAY "sluice.source.replay/1"
typedef struct sluice_range {
  uint32_t struct_size;
  uint32_t reserved;
  sluice_str lane;
  uint64_t first;   /* first position in the range */
  uint64_t last;    /* last position in the range */
  uint64_t records; /* estimate; UINT64_MAX: unknown */
  uint64_t bytes;   /* estimate; UINT64_MAX: unknown */
} sluice_range;
typedef struct sluice_source_replay {
  uint32_t struct_size;
  uint32_t reserved;
  sluice_rc (*estimate)(sluice_source*, int64_t from_us, int64_t to_us,
                        void (*each)(void* ctx, const sluice_range*), void* ctx, sluice_error*);
  /* After open: later polls return only these ranges, then SLUICE_END. */
  sluice_rc (*read)(sluice_source*, const sluice_range* const*, uint32_t n, sluice_error*);
} sluice_source_replay;

/* Exactly once: the sink keeps the source's marks in its own transaction. A mark is named by scope,
 * lane and epoch. */
#define SLUICE_EXT_SINK_MARKS "sluice.sink.marks/1"
typedef struct sluice_named_mark {
  uint32_t struct_size;
  uint32_t epoch;
  sluice_str scope; /* pipeline, source and sink, as the host writes them; at most 1 KiB */
  sluice_str lane;  /* durable name */
  uint64_t position;
  uint32_t present; /* 0: no mark is stored / expected / to be kept */
  uint32_t reserved;
} sluice_named_mark;
typedef struct sluice_sink_marks {
  uint32_t struct_size;
  uint32_t reserved;
  /* Rows and marks in one transaction; a mark is set only where the stored one equals `expect`,
   * else everything is rolled back and SLUICE_E_FENCED comes back. If any verdict is not OK
   * nothing commits, and the result is SLUICE_OK all the same. The batch may be empty. expect[i]
   * and set[i] name the same mark; no mark comes twice. Other results as those of write. */
  sluice_rc (*write_marked)(sluice_sink*, const sluice_batch*, sluice_outcome* per_record,
                            const sluice_named_mark* const* expect,
                            const sluice_named_mark* const* set, uint32_t n_marks, sluice_error*);
  /* Calls each(ctx, mark) for every mark of the scope, of all epochs; after open. The mark and its
   * text are valid during that call only. */
  sluice_rc (*read_marks)(sluice_sink*, sluice_str scope,
                          void (*each)(void* ctx, const sluice_named_mark*), void* ctx,
                          sluice_error*);
  /* Forgets the scope's marks of epochs below `epoch`. */
  sluice_rc (*reset_marks)(sluice_sink*, sluice_str scope, uint32_t epoch, sluice_error*);
} sluice_sink_marks;

/* A cheap health call: for the half-open breaker and for `sluice check --connect`. */
#define SLUICE_EXT_SINK_PROBE "sluice.sink.probe/1"
typedef struct sluice_sink_probe {
  uint32_t struct_size;
  uint32_t reserved;
  sluice_rc (*probe)(sluice_sink*, sluice_error*);
} sluice_sink_probe;

#ifdef __cplusplus
}
#endif
#endif /* SLUICE_PLUGIN_H */
