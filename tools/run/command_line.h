// SPDX-License-Identifier: MIT
#ifndef NTPOOL_RUN_COMMAND_LINE_H
#define NTPOOL_RUN_COMMAND_LINE_H

#include <stdbool.h>
#include <wchar.h>

struct options {
    const wchar_t *dll; /* NULL: the one beside the launcher */
    const wchar_t *log; /* NULL: the environment says */
    bool children;
    bool dry_run;
    bool help;
    bool version;
    const wchar_t *program; /* as it was given */
    wchar_t *command_line;  /* the program's, from its own name on, exactly as it was given */
};

/**
 * Takes the launcher's own part off its command line: its name, the options, and a "--" perhaps. False, after a
 * complaint, for what it does not know. The strings live as long as the process.
 */
bool read_command_line(const wchar_t *text, struct options *options);

#endif
