// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file-io.h"
#include "main.h"
#include "report.h"
#include "rewrite.h"
#include "undo.h"

#define MAX_FILE_BYTES 0x7fffffffu

enum {
    EXIT_SYSTEM = 1,
    EXIT_USAGE = 2,
    EXIT_NOTHING = 3,
    EXIT_REWRITTEN = 4,
    EXIT_OTHER_KIND = 5,
    EXIT_BROKEN = 6,
    EXIT_OVERLAY = 7,
    EXIT_CANNOT = 8,
    EXIT_CHANGED = 9,
};

static const char usage[] =
    "usage: ntpool-rewrite IN -o OUT [--force]     writes a rewritten copy\n"
    "       ntpool-rewrite IN --in-place           rewrites the file itself\n"
    "       ntpool-rewrite IN --check              says what would be done\n"
    "       ntpool-rewrite IN --undo [-o OUT [--force]]\n"
    "                                              gives the original back, to the byte\n"
    "\n"
    "Rewrites a 64-bit .exe or .dll so that it imports the functions of the Windows thread pool from ntpool.dll.\n"
    "Windows and Wine look for ntpool.dll in the folder of the program first.\n"
    "\n"
    "  --force         OUT may exist, and is replaced\n"
    "  --keep-overlay  also rewrite a file with data after its end that nothing accounts for (installers,\n"
    "                  self-extracting programs); the data keeps its place, but no longer ends the file\n"
    "\n"
    "Exit codes: 0 done (with --check: can be done), 1 a file cannot be read or written, 2 wrong usage,\n"
    "3 nothing to do, 4 uses ntpool.dll already, 5 not a kind of file that can be rewritten, 6 broken or not\n"
    "a program, 7 data after the end (see --keep-overlay), 8 cannot be rewritten, 9 (--undo) was changed since.\n";

struct options {
    const char *in;
    const char *out;
    bool in_place;
    bool check;
    bool undo;
    bool force;
    bool keep_overlay;
};

static bool parse_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-o") == 0) {
            if (options->out || ++i == argc)
                return false;
            options->out = argv[i];
        } else if (strcmp(argv[i], "--in-place") == 0) {
            options->in_place = true;
        } else if (strcmp(argv[i], "--check") == 0) {
            options->check = true;
        } else if (strcmp(argv[i], "--undo") == 0) {
            options->undo = true;
        } else if (strcmp(argv[i], "--force") == 0) {
            options->force = true;
        } else if (strcmp(argv[i], "--keep-overlay") == 0) {
            options->keep_overlay = true;
        } else if (argv[i][0] == '-' || options->in) {
            return false;
        } else {
            options->in = argv[i];
        }
    }
    if (options->undo && !options->out && !options->check)
        options->in_place = true;
    if (!options->in || !*options->in || (options->force && !options->out))
        return false;
    return (options->out != NULL) + options->in_place + options->check == 1;
}

static int code_of(enum pe_result result)
{
    switch (result) {
    case PE_OK:
        return EXIT_SUCCESS;
    case PE_NO_MEMORY:
        return EXIT_SYSTEM;
    case PE_NO_POOL_IMPORTS:
    case PE_NOT_REWRITTEN:
        return EXIT_NOTHING;
    case PE_USES_NTPOOL:
        return EXIT_REWRITTEN;
    case PE_IS_PE32:
    case PE_BAD_MACHINE:
    case PE_IS_MANAGED:
    case PE_IS_HYBRID:
    case PE_IS_SYSTEM_DLL:
        return EXIT_OTHER_KIND;
    case PE_UNKNOWN_OVERLAY:
        return EXIT_OVERLAY;
    case PE_TOO_LARGE:
    case PE_BAD_ALIGNMENT:
    case PE_NO_HEADER_ROOM:
    case PE_FORCES_INTEGRITY:
    case PE_FORWARDS_TO_POOL:
    case PE_TOO_MANY_IMPORTS:
    case PE_BOUND_WITHOUT_LOOKUP:
    case PE_MIXED_DELAY_IMPORT:
    case PE_IAT_NOT_WRITABLE:
    case PE_OVERLAPPING_TABLES:
    case PE_SHARED_SECTION_BYTES:
    case PE_IMAGE_BEYOND_SECTIONS:
        return EXIT_CANNOT;
    case PE_CHANGED_SINCE:
        return EXIT_CHANGED;
    default:
        return EXIT_BROKEN;
    }
}

static int say(const char *file, const char *why, int code)
{
    fprintf(stderr, "ntpool-rewrite: %s: %s\n", file, why);
    return code;
}

static int refuse(const char *file, enum pe_result result)
{
    return say(file, pe_describe(result), code_of(result));
}

static int make_new(const struct options *options, const uint8_t *in, size_t size, uint8_t **out, size_t *out_size)
{
    struct rewrite_plan plan;
    enum pe_result result;

    if (options->undo) {
        result = rewrite_undo(in, size, out, out_size);
        return result == PE_OK ? EXIT_SUCCESS : refuse(options->in, result);
    }
    result = rewrite_make_plan(&plan, in, size, options->keep_overlay);
    if (result != PE_OK)
        return refuse(options->in, result);
    result = rewrite_apply(&plan, out, out_size);
    if (result == PE_OK)
        report_plan(stdout, options->in, &plan);
    rewrite_free_plan(&plan);
    return result == PE_OK ? EXIT_SUCCESS : refuse(options->in, result);
}

static int write_new(const char *path, const char *like, const uint8_t *data, size_t size)
{
    if (!file_replace(path, data, size, like))
        return say(path, strerror(errno), EXIT_SYSTEM);
    return EXIT_SUCCESS;
}

static int write_in_place(const struct options *options, const uint8_t *data, size_t size)
{
    char *path = file_resolve(options->in);

    if (!path)
        return say(options->in, strerror(errno), EXIT_SYSTEM);
    int code = write_new(path, path, data, size);
    free(path);
    return code;
}

// Looks at OUT before any work is done for it.
static int check_target(const struct options *options)
{
    if (options->in_place && file_kind(options->in) == FILE_IS_OTHER)
        return say(options->in, "not a regular file", EXIT_SYSTEM);
    if (!options->out)
        return EXIT_SUCCESS;
    switch (file_kind(options->out)) {
    case FILE_IS_MISSING:
        return EXIT_SUCCESS;
    case FILE_IS_OTHER:
        return say(options->out, "exists and is not a regular file", EXIT_SYSTEM);
    case FILE_IS_REGULAR:
        break;
    }
    if (file_is_same(options->in, options->out))
        return say(options->out, "the same file as IN; to change that, say --in-place (or --undo alone)", EXIT_USAGE);
    if (!options->force)
        return say(options->out, "exists; --force replaces it", EXIT_SYSTEM);
    return EXIT_SUCCESS;
}

int rewrite_main(int argc, char **argv)
{
    struct options options = {0};
    size_t in_size;
    size_t out_size = 0;
    uint8_t *out = NULL;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0 ? EXIT_SYSTEM : EXIT_SUCCESS;
    if (!parse_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    int code = check_target(&options);
    if (code != EXIT_SUCCESS)
        return code;
    uint8_t *in = file_read(options.in, MAX_FILE_BYTES, &in_size);
    if (!in)
        return errno == EFBIG ? refuse(options.in, PE_TOO_LARGE) : say(options.in, strerror(errno), EXIT_SYSTEM);
    code = make_new(&options, in, in_size, &out, &out_size);
    free(in);
    if (code == EXIT_SUCCESS && options.in_place)
        code = write_in_place(&options, out, out_size);
    else if (code == EXIT_SUCCESS && options.out)
        code = write_new(options.out, options.in, out, out_size);
    free(out);
    if (code == EXIT_SUCCESS && !options.check)
        printf("%s: %s\n", options.in_place ? options.in : options.out,
               options.undo ? "the original again" : "written");
    else if (code == EXIT_SUCCESS)
        printf("%s: can be done; nothing was written\n", options.in);
    if (fflush(stdout) != 0)
        return say("standard output", strerror(errno), EXIT_SYSTEM);
    return code;
}
