/* SPDX-License-Identifier: Apache-2.0
 *
 * Every size and offset of the plugin ABI, as numbers. Compiled in each language mode the header
 * promises; a change that moves a field does not compile here. New tail fields get a line, and the
 * size of their struct is raised; nothing else may change within a major.
 */
#include <sluice/plugin.h>

#if defined(__cplusplus)
#define CHECK(condition) static_assert(condition, #condition)
#else
#define CHECK(condition) _Static_assert(condition, #condition)
#endif
#define SIZE(type, bytes) CHECK(sizeof(type) == (bytes))
#define AT(type, field, offset) CHECK(offsetof(type, field) == (offset))

CHECK(sizeof(void*) == 8);
CHECK(SLUICE_ABI_MAJOR == 1);
CHECK(SLUICE_MAGIC == UINT64_C(0x0031454349554C53));

SIZE(sluice_str, 16);
AT(sluice_str, data, 0);
AT(sluice_str, size, 8);

SIZE(sluice_reason, 32);
AT(sluice_reason, struct_size, 0);
AT(sluice_reason, verdict, 4);
AT(sluice_reason, code, 8);
AT(sluice_reason, help, 16);
AT(sluice_reason, maps_to, 24);

SIZE(sluice_outcome, 32);
AT(sluice_outcome, verdict, 0);
AT(sluice_outcome, reason, 4);
AT(sluice_outcome, flags, 6);
AT(sluice_outcome, retry_after_ms, 8);
AT(sluice_outcome, reserved, 12);
AT(sluice_outcome, detail, 16);

SIZE(sluice_error, 512);
AT(sluice_error, struct_size, 0);
AT(sluice_error, reason, 4);
AT(sluice_error, reserved, 6);
AT(sluice_error, retry_after_ms, 8);
AT(sluice_error, message, 12);

SIZE(sluice_header, 32);
AT(sluice_header, key, 0);
AT(sluice_header, value, 16);

SIZE(sluice_record, 72);
AT(sluice_record, key, 0);
AT(sluice_record, value, 16);
AT(sluice_record, headers, 32);
AT(sluice_record, header_count, 40);
AT(sluice_record, lane, 44);
AT(sluice_record, position, 48);
AT(sluice_record, time_us, 56);
AT(sluice_record, part, 64);
AT(sluice_record, flags, 68);

SIZE(sluice_batch, 48);
AT(sluice_batch, struct_size, 0);
AT(sluice_batch, stride, 4);
AT(sluice_batch, count, 8);
AT(sluice_batch, reserved, 12);
AT(sluice_batch, records, 16);
AT(sluice_batch, origin, 24);
AT(sluice_batch, owner, 32);
AT(sluice_batch, release, 40);

SIZE(sluice_mark, 16);
AT(sluice_mark, lane, 0);
AT(sluice_mark, reserved, 4);
AT(sluice_mark, position, 8);

SIZE(sluice_host, 80);
AT(sluice_host, struct_size, 0);
AT(sluice_host, abi_major, 4);
AT(sluice_host, abi_minor, 6);
AT(sluice_host, ctx, 8);
AT(sluice_host, name, 16);
AT(sluice_host, log_enabled, 24);
AT(sluice_host, log, 32);
AT(sluice_host, stopping, 40);
AT(sluice_host, wait, 48);
AT(sluice_host, stop_fd, 56);
AT(sluice_host, metric, 64);
AT(sluice_host, extension, 72);

SIZE(sluice_source_ops, 72);
AT(sluice_source_ops, struct_size, 0);
AT(sluice_source_ops, reserved, 4);
AT(sluice_source_ops, create, 8);
AT(sluice_source_ops, destroy, 16);
AT(sluice_source_ops, open, 24);
AT(sluice_source_ops, poll, 32);
AT(sluice_source_ops, ack, 40);
AT(sluice_source_ops, stop, 48);
AT(sluice_source_ops, close, 56);
AT(sluice_source_ops, extension, 64);

SIZE(sluice_sink_ops, 64);
AT(sluice_sink_ops, struct_size, 0);
AT(sluice_sink_ops, reserved, 4);
AT(sluice_sink_ops, create, 8);
AT(sluice_sink_ops, destroy, 16);
AT(sluice_sink_ops, open, 24);
AT(sluice_sink_ops, write, 32);
AT(sluice_sink_ops, stop, 40);
AT(sluice_sink_ops, close, 48);
AT(sluice_sink_ops, extension, 56);

SIZE(sluice_metric, 24);
AT(sluice_metric, struct_size, 0);
AT(sluice_metric, kind, 4);
AT(sluice_metric, name, 8);
AT(sluice_metric, help, 16);

SIZE(sluice_component, 80);
AT(sluice_component, struct_size, 0);
AT(sluice_component, kind, 4);
AT(sluice_component, id, 8);
AT(sluice_component, summary, 16);
AT(sluice_component, config_schema, 24);
AT(sluice_component, example_config, 32);
AT(sluice_component, caps, 40);
AT(sluice_component, reason_count, 44);
AT(sluice_component, reasons, 48);
AT(sluice_component, metric_count, 56);
AT(sluice_component, reserved, 60);
AT(sluice_component, metrics, 64);
AT(sluice_component, ops, 72);

SIZE(sluice_plugin_entry, 64);
AT(sluice_plugin_entry, magic, 0);
AT(sluice_plugin_entry, struct_size, 8);
AT(sluice_plugin_entry, abi_major, 12);
AT(sluice_plugin_entry, abi_minor, 14);
AT(sluice_plugin_entry, min_host_minor, 16);
AT(sluice_plugin_entry, reserved, 18);
AT(sluice_plugin_entry, component_count, 20);
AT(sluice_plugin_entry, components, 24);
AT(sluice_plugin_entry, name, 32);
AT(sluice_plugin_entry, version, 40);
AT(sluice_plugin_entry, license, 48);
AT(sluice_plugin_entry, build, 56);

SIZE(sluice_host_lanes, 64);
AT(sluice_host_lanes, struct_size, 0);
AT(sluice_host_lanes, reserved, 4);
AT(sluice_host_lanes, open, 8);
AT(sluice_host_lanes, done, 16);
AT(sluice_host_lanes, cursor_get, 24);
AT(sluice_host_lanes, cursor_set, 32);
AT(sluice_host_lanes, assigned, 40);
AT(sluice_host_lanes, revoked, 48);
AT(sluice_host_lanes, lost, 56);

SIZE(sluice_column, 24);
AT(sluice_column, struct_size, 0);
AT(sluice_column, form, 4);
AT(sluice_column, pointer, 8);

SIZE(sluice_cell, 32);
AT(sluice_cell, kind, 0);
AT(sluice_cell, reserved, 4);
AT(sluice_cell, v, 8);
AT(sluice_cell, text, 16);

SIZE(sluice_host_columns, 24);
AT(sluice_host_columns, struct_size, 0);
AT(sluice_host_columns, reserved, 4);
AT(sluice_host_columns, declare, 8);
AT(sluice_host_columns, cells, 16);

SIZE(sluice_host_journal, 32);
AT(sluice_host_journal, struct_size, 0);
AT(sluice_host_journal, reserved, 4);
AT(sluice_host_journal, append, 8);
AT(sluice_host_journal, read, 16);
AT(sluice_host_journal, trim, 24);

SIZE(sluice_settled, 72);
AT(sluice_settled, struct_size, 0);
AT(sluice_settled, outcome, 4);
AT(sluice_settled, lane, 8);
AT(sluice_settled, reserved, 12);
AT(sluice_settled, position, 16);
AT(sluice_settled, code, 24);
AT(sluice_settled, pointer, 40);
AT(sluice_settled, text, 56);

SIZE(sluice_source_settle, 16);
AT(sluice_source_settle, struct_size, 0);
AT(sluice_source_settle, reserved, 4);
AT(sluice_source_settle, settled, 8);

SIZE(sluice_lane_lag, 96);
AT(sluice_lane_lag, struct_size, 0);
AT(sluice_lane_lag, lane, 4);
AT(sluice_lane_lag, name, 8);
AT(sluice_lane_lag, committed, 24);
AT(sluice_lane_lag, end, 32);
AT(sluice_lane_lag, records_behind, 40);
AT(sluice_lane_lag, seconds_behind, 48);
AT(sluice_lane_lag, group, 56);
AT(sluice_lane_lag, topic, 72);
AT(sluice_lane_lag, captured_us, 88);

SIZE(sluice_source_lag, 16);
AT(sluice_source_lag, struct_size, 0);
AT(sluice_source_lag, reserved, 4);
AT(sluice_source_lag, lag, 8);

SIZE(sluice_lane_state, 112);
AT(sluice_lane_state, struct_size, 0);
AT(sluice_lane_state, flags, 4);
AT(sluice_lane_state, lane, 8);
AT(sluice_lane_state, group, 24);
AT(sluice_lane_state, topic, 40);
AT(sluice_lane_state, member, 56);
AT(sluice_lane_state, low, 72);
AT(sluice_lane_state, end, 80);
AT(sluice_lane_state, next, 88);
AT(sluice_lane_state, at, 96);
AT(sluice_lane_state, epoch, 104);
AT(sluice_lane_state, members, 108);

SIZE(sluice_source_places, 24);
AT(sluice_source_places, struct_size, 0);
AT(sluice_source_places, reserved, 4);
AT(sluice_source_places, list, 8);
AT(sluice_source_places, store, 16);

SIZE(sluice_range, 56);
AT(sluice_range, struct_size, 0);
AT(sluice_range, reserved, 4);
AT(sluice_range, lane, 8);
AT(sluice_range, first, 24);
AT(sluice_range, last, 32);
AT(sluice_range, records, 40);
AT(sluice_range, bytes, 48);

SIZE(sluice_source_replay, 24);
AT(sluice_source_replay, struct_size, 0);
AT(sluice_source_replay, reserved, 4);
AT(sluice_source_replay, estimate, 8);
AT(sluice_source_replay, read, 16);

SIZE(sluice_named_mark, 56);
AT(sluice_named_mark, struct_size, 0);
AT(sluice_named_mark, epoch, 4);
AT(sluice_named_mark, scope, 8);
AT(sluice_named_mark, lane, 24);
AT(sluice_named_mark, position, 40);
AT(sluice_named_mark, present, 48);
AT(sluice_named_mark, reserved, 52);

SIZE(sluice_sink_marks, 32);
AT(sluice_sink_marks, struct_size, 0);
AT(sluice_sink_marks, reserved, 4);
AT(sluice_sink_marks, write_marked, 8);
AT(sluice_sink_marks, read_marks, 16);
AT(sluice_sink_marks, reset_marks, 24);

SIZE(sluice_sink_probe, 16);
AT(sluice_sink_probe, struct_size, 0);
AT(sluice_sink_probe, reserved, 4);
AT(sluice_sink_probe, probe, 8);

/* Values that are on the wire between two binaries. */
CHECK(SLUICE_OK == 0);
CHECK(SLUICE_IDLE == 1);
CHECK(SLUICE_END == 2);
CHECK(SLUICE_CANCELLED == 3);
CHECK(SLUICE_E_RETRY == -1);
CHECK(SLUICE_E_CONFIG == -2);
CHECK(SLUICE_E_FATAL == -3);
CHECK(SLUICE_E_BATCH == -4);
CHECK(SLUICE_E_FENCED == -5);
CHECK(SLUICE_REC_UNSET == 0);
CHECK(SLUICE_REC_OK == 1);
CHECK(SLUICE_REC_RETRY == 2);
CHECK(SLUICE_REC_REJECT == 3);
CHECK(SLUICE_REC_UNTRIED == 4);
CHECK(SLUICE_REASON_NONE == 0xFFFFu);
CHECK(SLUICE_RECF_DUPLICATE == 1u);
CHECK(SLUICE_RECF_MAYBE_APPLIED == 2u);
CHECK(SLUICE_RECF_SUPERSEDED == 4u);
CHECK(SLUICE_RECORDF_DELETE == 1u);
CHECK(SLUICE_LOG_DEBUG == 1);
CHECK(SLUICE_LOG_INFO == 2);
CHECK(SLUICE_LOG_WARN == 3);
CHECK(SLUICE_LOG_ERROR == 4);
CHECK(SLUICE_KIND_SOURCE == 1);
CHECK(SLUICE_KIND_SINK == 2);
CHECK(SLUICE_CAP_REPLAY == 1u);
CHECK(SLUICE_CAP_IDEMPOTENT == 2u);
CHECK(SLUICE_CAP_ORDERED == 4u);
CHECK(SLUICE_CAP_FINITE == 8u);
CHECK(SLUICE_CAP_MARKS == 16u);
CHECK(SLUICE_METRIC_COUNTER == 1);
CHECK(SLUICE_METRIC_GAUGE == 2);
CHECK(SLUICE_METRIC_HISTOGRAM == 3);
CHECK(SLUICE_CELL_NULL == 0);
CHECK(SLUICE_CELL_ABSENT == 1);
CHECK(SLUICE_CELL_BOOL == 2);
CHECK(SLUICE_CELL_I64 == 3);
CHECK(SLUICE_CELL_U64 == 4);
CHECK(SLUICE_CELL_F64 == 5);
CHECK(SLUICE_CELL_TEXT == 6);
CHECK(SLUICE_CELL_JSON == 7);
CHECK(SLUICE_COLUMN_AUTO == 0);
CHECK(SLUICE_COLUMN_JSON == 1);
CHECK(SLUICE_SETTLED_COMMITTED == 1);
CHECK(SLUICE_SETTLED_DUPLICATE == 2);
CHECK(SLUICE_SETTLED_FILTERED == 3);
CHECK(SLUICE_SETTLED_REJECTED == 4);
CHECK(SLUICE_SETTLED_SPOOLED == 5);
CHECK(SLUICE_SETTLED_SHED == 6);
