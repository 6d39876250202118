// SPDX-License-Identifier: MIT
#ifndef BENCH_GRID_H
#define BENCH_GRID_H

#include <stddef.h>
#include <stdio.h>

// Cells that are written as a Markdown table with aligned columns. The first row holds the titles.
struct grid {
    size_t columns;
    char **cells;
    size_t count;
};

// Adds a cell; rows fill from left to right.
void grid_add(struct grid *grid, const char *format, ...) __attribute__((format(gnu_printf, 2, 3)));
// Writes all and frees it.
void grid_write(struct grid *grid, FILE *out);

#endif
