// SPDX-License-Identifier: MIT
#ifndef VERIFIER_VERIFIED_H
#define VERIFIER_VERIFIED_H

#include "harness/suite.h"

#define STOP_STATUS 0xC0000421

// The outcome of a scenario under NTPOOL_VERIFY=1, and what the verifier wrote.
struct verified {
    struct outcome outcome;
    char log[8192];
};

// Runs a scenario of this program; what is asked of it in detail it reads with `asked`.
struct verified run_verified(const char *scenario, const char *first, const char *second);
// In the scenario: the first or second detail.
const char *asked(int which);

// Fails unless the process ended with this code and the log has each of these texts.
void check_verified(const struct verified *verified, DWORD code, const char *text, const char *more);

// ---- A callback of each kind --------------------------------------------------------------------------------------

// What every callback of the scenario does. NULL: nothing.
extern void (*callback_body)(void);
// An object of the kind in which the callback runs, for what is to be done to it from there; or NULL.
extern void *volatile callback_object;

struct callback_kind {
    const char *name;  // as the verifier calls it
    void (*run)(void); // has one callback of the kind run and waits until it is over for its object
};

extern const struct callback_kind callback_kinds[];
extern const int callback_kind_count;
void run_kind(const char *name);

#endif
