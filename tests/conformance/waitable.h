// SPDX-License-Identifier: MIT
//
// Objects of the kinds that can be waited for.
#ifndef CONFORMANCE_WAITABLE_H
#define CONFORMANCE_WAITABLE_H

#include "harness/suite.h"

// Waits for the object by way of the pool, looks that no callback comes, calls signal(argument), and expects one.
typedef void expectation(const struct level *at, HANDLE object, void (*signal)(void *argument), void *argument);

void with_waitable_timer(const struct level *at, expectation *expect);
void with_thread(const struct level *at, expectation *expect);
void with_process(const struct level *at, expectation *expect);
void with_change_notification(const struct level *at, expectation *expect);

#endif
