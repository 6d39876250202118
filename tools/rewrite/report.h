// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REWRITE_REPORT_H
#define NTPOOL_REWRITE_REPORT_H

#include <stdio.h>

#include "rewrite.h"

/// Says what a plan does to the file: which functions of which DLL move, and what else changes or stays.
void report_plan(FILE *to, const char *file, const struct rewrite_plan *plan);

/// Prints text from a file: what is not printable ASCII becomes a question mark.
void report_text(FILE *to, const char *text);

#endif
