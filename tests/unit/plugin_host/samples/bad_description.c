/* SPDX-License-Identifier: Apache-2.0
 * Many things wrong at once: every one is to be reported. */
#include "sample.h"

static const char kBadSchema[] =
    "{\"type\": \"object\", \"properties\": {"
    "  \"port\": {\"type\": \"integr\", \"default\": 1},"
    "  \"host\": {\"type\": \"string\", \"description\": \"Name of the machine.\"},"
    "  \"match\": {\"type\": \"string\", \"pattern\": \"(\", \"description\": \"Optional.\"},"
    "  \"mode\": {\"$ref\": \"#/definitions/none\", \"description\": \"Optional.\"},"
    "  \"size\": {\"type\": \"integer\", \"minimun\": 1, \"description\": \"Optional.\"}}}";

static const sluice_reason kBadReason = {sizeof(sluice_reason), SLUICE_REC_OK, "Not A Code",
                                         "Help.", "MADE_UP"};
static const sluice_reason* const kBadReasons[] = {&kBadReason};
static const sluice_metric kBadMetric = {sizeof(sluice_metric), 9, "Bad-Name", "Help."};
static const sluice_metric* const kBadMetrics[] = {&kBadMetric, &kBadMetric};
static const sluice_sink_ops kEmptyOps = {
    sizeof(sluice_sink_ops), 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL};

static const sluice_component kBad = {sizeof(sluice_component),
                                      SLUICE_KIND_SINK,
                                      "Bad-Id",
                                      NULL,
                                      kBadSchema,
                                      "{}",
                                      SLUICE_CAP_REPLAY,
                                      1,
                                      kBadReasons,
                                      2,
                                      0,
                                      kBadMetrics,
                                      &kEmptyOps};
static const sluice_component* const kComponents[] = {&kBad};

SAMPLE_EXPORT const sluice_plugin_entry sluice_plugin_v1 =
    SAMPLE_ENTRY_FIELDS(1, 0, 0, 1, kComponents);
