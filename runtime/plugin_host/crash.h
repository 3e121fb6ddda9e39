// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice {

// Handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT: print to stderr which plugin, instance
// and call was running on that thread ("crash inside plugin <file> instance <name> call <write>"),
// then a backtrace, then end the process as the signal would have. Once, from the main thread
// before others start; it covers all threads. Under a sanitizer, whose own report is better, only
// SIGABRT gets the first line. Stack overflow is reported on the calling thread and on those that
// call use_crash_stack().
void install_crash_handler();

// Gives this thread a stack of its own for the handler, so that a stack overflow is reported too.
void use_crash_stack();

}  // namespace sluice
