/* SPDX-License-Identifier: Apache-2.0
 * Our symbol, but it says major 2. */
#include "sample.h"

SAMPLE_EXPORT const sluice_plugin_entry sluice_plugin_v1 =
    SAMPLE_ENTRY_FIELDS(2, 3, 0, 2, kSampleComponents);
