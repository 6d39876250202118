// SPDX-License-Identifier: MIT
#include "report.h"

#include "imports.h"

// A line of names from one DLL.
struct line {
    FILE *to;
    const char *kind;
    const char *dll; // whose line is open, NULL for none
};

void report_text(FILE *to, const char *text)
{
    for (; *text; text++)
        putc(*text >= ' ' && *text <= '~' ? *text : '?', to);
}

static void end_line(struct line *line)
{
    if (line->dll)
        putc('\n', line->to);
    line->dll = NULL;
}

static void add_names(struct line *line, const struct pe_image *image, const struct pe_import *import, uint32_t first,
                      uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        struct pe_imported imported;

        if (pe_read_imported(image, import, i, &imported) != PE_OK || !imported.name)
            continue;
        if (line->dll != import->dll) {
            end_line(line);
            line->dll = import->dll;
            fputs("  from ", line->to);
            report_text(line->to, import->dll);
            fprintf(line->to, "%s: ", line->kind);
        } else {
            fputs(", ", line->to);
        }
        report_text(line->to, imported.name);
    }
}

static void report_imports(FILE *to, const struct rewrite_plan *plan)
{
    struct line line = {to, "", NULL};
    struct pe_import import;

    for (uint32_t i = 0; i < plan->run_count; i++) {
        const struct rewrite_run *run = &plan->runs[i];

        if (run->moves && pe_read_import(&plan->image, run->import, &import) == PE_OK)
            add_names(&line, &plan->image, &import, run->first, run->count);
    }
    end_line(&line);
    line.kind = " (delay-loaded)";
    for (uint32_t i = 0; i < plan->delay_count; i++) {
        if (plan->delay_moves[i] && pe_read_delay_import(&plan->image, i, &import) == PE_OK)
            add_names(&line, &plan->image, &import, 0, import.count);
        end_line(&line);
    }
}

void report_plan(FILE *to, const char *file, const struct rewrite_plan *plan)
{
    fprintf(to, "%s: imported from ntpool.dll in place of what is said here: %u function%s\n", file,
            (unsigned)plan->moved, plan->moved == 1 ? "" : "s");
    report_imports(to, plan);
    if (plan->is_signed)
        fputs("  its signature is dropped: it could not be valid any more\n", to);
    if (plan->bound_imports.size)
        fputs("  its bound imports are dropped: the loader looks all functions up\n", to);
    if (plan->load_flags)
        fputs("  its imports are looked for in the program's folder too, where ntpool.dll lies\n", to);
    if (plan->iat.rva)
        fputs("  its import address table gets a directory entry, so that the loader can write it\n", to);
    if (plan->unknown_overlay.size)
        fprintf(to, "  note: %llu bytes after its last section stay at offset %llu, no longer at the file's end\n",
                (unsigned long long)plan->unknown_overlay.size, (unsigned long long)plan->unknown_overlay.start);
    if (plan->pool_by_ordinal)
        fprintf(to, "  note: %u functions of the system are imported by ordinal; they stay, whatever they are\n",
                (unsigned)plan->pool_by_ordinal);
    if (plan->unserved_natives)
        fprintf(to, "  note: %u Tp functions of ntdll.dll stay, since ntpool.dll does not have them\n",
                (unsigned)plan->unserved_natives);
}
