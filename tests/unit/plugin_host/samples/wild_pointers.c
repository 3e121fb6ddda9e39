/* SPDX-License-Identifier: Apache-2.0
 * Pointers that lead nowhere: to be refused, not followed into a crash. */
#include "sample.h"

#define NOWHERE(type) ((type)(uintptr_t)0x10)

static const sluice_component kBad = {sizeof(sluice_component),
                                      SLUICE_KIND_SINK,
                                      "wild",
                                      NOWHERE(const char*),
                                      kSampleSchema,
                                      kSampleExample,
                                      0,
                                      1,
                                      NOWHERE(const sluice_reason* const*),
                                      0,
                                      0,
                                      NULL,
                                      NOWHERE(const void*)};
static const sluice_component* const kComponents[] = {&kBad};

SAMPLE_EXPORT const sluice_plugin_entry sluice_plugin_v1 =
    SAMPLE_ENTRY_FIELDS(1, 0, 0, 1, kComponents);
