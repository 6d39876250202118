// SPDX-License-Identifier: MIT
#ifndef NTPOOL_TESTS_PLUGIN_H
#define NTPOOL_TESTS_PLUGIN_H

/// Queues as many work items as the text has characters, and waits for them. Returns how many ran.
int plugin_run(const char *text);

#endif
