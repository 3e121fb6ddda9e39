/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

SAMPLE_EXPORT const sluice_plugin_entry sluice_plugin_v1 =
    SAMPLE_ENTRY_FIELDS(1, 0, 0, 2, kSampleComponents);
