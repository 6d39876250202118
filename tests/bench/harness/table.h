// SPDX-License-Identifier: MIT
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "results.h"

#include <stdio.h>

// Writes what was measured as Markdown tables that can be read as they are.
void table_write(FILE *out, const struct results *results);

#endif
