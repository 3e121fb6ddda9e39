/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

static const sluice_component kBad = {sizeof(sluice_component),
                                      SLUICE_KIND_SINK,
                                      "example",
                                      "Its example does not fit.",
                                      kSampleSchema,
                                      "{\"path\": \"a\", \"limit\": \"many\"}",
                                      0,
                                      0,
                                      NULL,
                                      0,
                                      0,
                                      NULL,
                                      &kSampleSinkOps};
static const sluice_component* const kComponents[] = {&kBad};

SAMPLE_EXPORT const sluice_plugin_entry sluice_plugin_v1 =
    SAMPLE_ENTRY_FIELDS(1, 0, 0, 1, kComponents);
