/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole plugin in one header, without libraries: a source that counts to SAMPLE_RECORDS over two
 * lanes, and a sink that keeps nothing but a count. Included by the good samples as it is, and by
 * each bad sample after defining one defect (SAMPLE_DEFECT_...), which must fail exactly one check.
 *
 * SAMPLE_SOURCE or SAMPLE_SINK (default: source) says which component the file offers. */
#ifndef SLUICE_TESTS_CONFORMANCE_SAMPLE_H
#define SLUICE_TESTS_CONFORMANCE_SAMPLE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sluice/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if !defined(SAMPLE_SINK) && !defined(SAMPLE_SOURCE)
#define SAMPLE_SOURCE
#endif

#ifdef SAMPLE_ENDLESS
#define SAMPLE_CAPS SLUICE_CAP_REPLAY
#else
#define SAMPLE_CAPS (SLUICE_CAP_REPLAY | SLUICE_CAP_FINITE)
#endif

/* ---- what both kinds share ---- */

/* The only option: "label", any text, but not "wrong". */
static const char kSchema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"label\":{"
#ifndef SAMPLE_DEFECT_SCHEMA
    "\"description\":\"Any text; without it the default is used.\","
#endif
    "\"type\":\"string\",\"default\":\"x\"}}}";

#ifndef SAMPLE_DEFECT_ACCEPTS_INVALID
static int has_text(sluice_str text, const char* wanted) {
  return text.size > 0 && memmem(text.data, (size_t)text.size, wanted, strlen(wanted)) != NULL;
}
#endif

static void set_error(sluice_error* error, const char* message) {
  (void)snprintf(error->message, sizeof error->message, "%s", message);
}

/* Does create accept it? Not a JSON parser: the host has checked the text against the schema. */
static sluice_rc check_config(sluice_str config, sluice_error* error) {
#ifndef SAMPLE_DEFECT_ACCEPTS_INVALID
  if (has_text(config, "\"wrong\"")) {
    set_error(error, "/label: found \"wrong\", expected any other text");
    return SLUICE_E_CONFIG;
  }
#else
  (void)config;
  (void)error;
#endif
  return SLUICE_OK;
}

static const void* host_extension(const sluice_host* host, const char* id) {
#ifndef SAMPLE_DEFECT_STRUCT_TAIL
  if (!SLUICE_HAS(host, sluice_host, extension)) return NULL;
#endif
  return host->extension(host, id);
}

#ifdef SAMPLE_DEFECT_PRINTS_AT_LOAD
__attribute__((constructor)) static void greet(void) {
  (void)puts("hello");
  (void)fflush(stdout);
}
#endif

#ifdef SAMPLE_DEFECT_THREAD_LEAK
static void* sleep_for_ever(void* nothing) {
  for (;;) (void)pause();
  return nothing;
}
#endif

#ifdef SAMPLE_DEFECT_UNDEFINED
extern int sluice_sample_nobody_defines_this(void);
#endif

/* Defects of create that are the same for both kinds. */
static void create_defects(void) {
#ifdef SAMPLE_DEFECT_THREAD_LEAK
  pthread_t thread;
  pthread_attr_t attributes;
  (void)pthread_attr_init(&attributes);
  (void)pthread_attr_setstacksize(&attributes, 128 * 1024);
  if (pthread_create(&thread, &attributes, sleep_for_ever, NULL) == 0) (void)pthread_detach(thread);
  (void)pthread_attr_destroy(&attributes);
#endif
#ifdef SAMPLE_DEFECT_MEMORY_LEAK
  static void* volatile lost;
  (void)lost;
  lost = malloc(100);
#endif
#ifdef SAMPLE_DEFECT_FILE_IN_CREATE
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) (void)close(fd);
#endif
#ifdef SAMPLE_DEFECT_UNDEFINED
  (void)sluice_sample_nobody_defines_this();
#endif
#ifdef SAMPLE_DEFECT_PRINTS_LATER
  (void)fputs("created\n", stderr);
#endif
}

/* What open does outside of the process: takes a descriptor and gives it back. */
static sluice_rc open_resource(sluice_error* error) {
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    set_error(error, strerror(errno));
    return SLUICE_E_RETRY;
  }
  (void)close(fd);
  return SLUICE_OK;
}

#ifdef SAMPLE_SOURCE
#include "sample_source.h"
#else
#include "sample_sink.h"
#endif

/* ---- the descriptors ---- */

static const sluice_component kComponent = {sizeof(sluice_component),
                                            SAMPLE_KIND,
                                            "sample",
                                            "Counts.",
                                            kSchema,
                                            "{\"label\":\"y\"}",
                                            SAMPLE_COMPONENT_CAPS,
                                            SAMPLE_REASON_COUNT,
                                            SAMPLE_REASONS,
                                            0,
                                            0,
                                            NULL,
                                            &kOps};

static const sluice_component* const kComponents[] = {
    &kComponent,
#ifdef SAMPLE_DEFECT_DUPLICATE_ID
    &kComponent,
#endif
};

#ifdef SAMPLE_DEFECT_TWO_SYMBOLS
__attribute__((visibility("default"))) extern const int sluice_plugin_v1_extra;
const int sluice_plugin_v1_extra = 1;
#endif

#ifdef SAMPLE_DEFECT_MAGIC
#define SAMPLE_MAGIC (SLUICE_MAGIC + 1)
#else
#define SAMPLE_MAGIC SLUICE_MAGIC
#endif

__attribute__((visibility("default"))) extern const sluice_plugin_entry sluice_plugin_v1;
const sluice_plugin_entry sluice_plugin_v1 = {SAMPLE_MAGIC,
                                              sizeof(sluice_plugin_entry),
                                              SLUICE_ABI_MAJOR,
                                              SLUICE_ABI_MINOR,
                                              0,
                                              0,
                                              sizeof kComponents / sizeof kComponents[0],
                                              kComponents,
                                              "sample",
                                              "1.0.0",
                                              "Apache-2.0",
                                              "conformance sample"};

#endif /* SLUICE_TESTS_CONFORMANCE_SAMPLE_H */
