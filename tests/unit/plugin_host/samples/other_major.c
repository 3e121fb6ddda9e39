/* SPDX-License-Identifier: Apache-2.0
 * Built for a later ABI: another symbol, nothing of ours. */
#include "sample.h"

extern const sluice_plugin_entry sluice_plugin_v2;
SAMPLE_EXPORT const sluice_plugin_entry sluice_plugin_v2 =
    SAMPLE_ENTRY_FIELDS(2, 0, 0, 2, kSampleComponents);
