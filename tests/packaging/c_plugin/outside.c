/* SPDX-License-Identifier: Apache-2.0 */
#include <sluice/plugin.h>
#include <stdlib.h>

struct sluice_sink {
  const sluice_host* host;
};

static sluice_rc create(const sluice_host* host, sluice_str config, sluice_sink** out,
                        sluice_error* error) {
  sluice_sink* me = malloc(sizeof(*me));
  (void)config;
  (void)error;
  if (me == NULL) return SLUICE_E_RETRY;
  me->host = host;
  *out = me;
  return SLUICE_OK;
}
static void destroy(sluice_sink* me) { free(me); }
static sluice_rc nothing(sluice_sink* me, sluice_error* error) {
  (void)me;
  (void)error;
  return SLUICE_OK;
}
static sluice_rc write_batch(sluice_sink* me, const sluice_batch* batch, sluice_outcome* outcomes,
                             sluice_error* error) {
  uint32_t i;
  (void)me;
  (void)error;
  for (i = 0; i < batch->count; ++i) outcomes[i].verdict = SLUICE_REC_OK;
  return SLUICE_OK;
}
static void stop(sluice_sink* me) { (void)me; }

static const sluice_sink_ops kOps = {
    sizeof(sluice_sink_ops), 0, create, destroy, nothing, write_batch, stop, nothing, NULL};
static const sluice_component kSink = {sizeof(sluice_component),
                                       SLUICE_KIND_SINK,
                                       "outside_c",
                                       "Built against the installed SDK, in C.",
                                       "{\"type\": \"object\", \"additionalProperties\": false}",
                                       "{}",
                                       SLUICE_CAP_ORDERED,
                                       0,
                                       NULL,
                                       0,
                                       0,
                                       NULL,
                                       &kOps};
static const sluice_component* const kComponents[] = {&kSink};

__attribute__((visibility("default")))
const sluice_plugin_entry sluice_plugin_v1 = {SLUICE_MAGIC,
                                              sizeof(sluice_plugin_entry),
                                              SLUICE_ABI_MAJOR,
                                              SLUICE_ABI_MINOR,
                                              0,
                                              0,
                                              1,
                                              kComponents,
                                              "outside_c",
                                              "0.1.0",
                                              "Apache-2.0",
                                              "C"};
