/* SPDX-License-Identifier: Apache-2.0
 * Cannot live with this host's minor. */
#include "sample.h"

SAMPLE_EXPORT const sluice_plugin_entry sluice_plugin_v1 =
    SAMPLE_ENTRY_FIELDS(1, 9, 7, 2, kSampleComponents);
