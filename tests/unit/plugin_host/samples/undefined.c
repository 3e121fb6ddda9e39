/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

int no_library_has_this_function(void);
__attribute__((constructor)) static void call_it(void) { (void)no_library_has_this_function(); }

SAMPLE_EXPORT const sluice_plugin_entry sluice_plugin_v1 =
    SAMPLE_ENTRY_FIELDS(1, 0, 0, 2, kSampleComponents);
