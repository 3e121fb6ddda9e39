/* SPDX-License-Identifier: Apache-2.0
 * A source and a sink in plain C, good ones; each sample spoils one thing of them. */
#ifndef SLUICE_TESTS_SAMPLE_H
#define SLUICE_TESTS_SAMPLE_H

#include <sluice/plugin.h>

#define SAMPLE_EXPORT __attribute__((visibility("default")))

extern const char kSampleSchema[];
extern const char kSampleExample[];
extern const sluice_source_ops kSampleSourceOps;
extern const sluice_sink_ops kSampleSinkOps;
extern const sluice_component kSampleSource;
extern const sluice_component kSampleSink;

/* For SAMPLE_ENTRY: both components. */
extern const sluice_component* const kSampleComponents[2];

#define SAMPLE_ENTRY_FIELDS(major, minor, least, count, components)                   \
  {                                                                                   \
    SLUICE_MAGIC, sizeof(sluice_plugin_entry), (major), (minor), (least), 0, (count), \
        (components), "sample", "1.0.0", "Apache-2.0", "tests"                        \
  }

#endif
