// SPDX-License-Identifier: MIT
#include "grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CELL_SIZE 600

static void *must(void *memory)
{
    if (!memory) {
        fputs("ntpool-bench: no memory for the table\n", stderr);
        exit(2);
    }
    return memory;
}

void grid_add(struct grid *grid, const char *format, ...)
{
    char text[CELL_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *c = text; *c; c++)
        if (*c == '|')
            *c = '/';
    grid->cells = must(realloc(grid->cells, (grid->count + 1) * sizeof *grid->cells));
    grid->cells[grid->count++] = must(strdup(text));
}

static size_t width_of(const struct grid *grid, size_t column)
{
    size_t width = 3;
    for (size_t i = column; i < grid->count; i += grid->columns)
        if (strlen(grid->cells[i]) > width)
            width = strlen(grid->cells[i]);
    return width;
}

static void write_rule(const struct grid *grid, FILE *out)
{
    for (size_t column = 0; column < grid->columns; column++) {
        fputs("| ", out);
        for (size_t i = width_of(grid, column); i; i--)
            fputc('-', out);
        fputc(' ', out);
    }
    fputs("|\n", out);
}

void grid_write(struct grid *grid, FILE *out)
{
    for (size_t i = 0; i < grid->count; i++) {
        size_t column = i % grid->columns;
        fprintf(out, "| %-*s ", (int)width_of(grid, column), grid->cells[i]);
        if (column + 1 == grid->columns)
            fputs("|\n", out);
        if (i + 1 == grid->columns)
            write_rule(grid, out);
    }
    for (size_t i = 0; i < grid->count; i++)
        free(grid->cells[i]);
    free(grid->cells);
    *grid = (struct grid){.columns = grid->columns};
}
