// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exports.h"
#include "file-io.h"
#include "forward.h"
#include "name-list.h"

#define MAX_DLL_BYTES  (256u << 20)
#define MAX_LIST_BYTES (4u << 20)

enum {
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
};

static const char usage[] = "usage: ntpool-forward IN OUT --module PATH --exports LIST\n"
                            "       ntpool-forward --verify DLL --exports LIST\n"
                            "\n"
                            "Writes to OUT a copy of IN, a 64-bit builtin DLL of Wine, in which the exports\n"
                            "named in the file LIST (one per line, '#' starts a comment) are forwarded to the\n"
                            "DLL PATH, given without \".dll\", for instance C:\\windows\\system32\\ntpool. Names\n"
                            "that IN lacks are added. The copy is marked as native, so that Wine loads it\n"
                            "where an override says \"native,builtin\".\n"
                            "\n"
                            "--verify only checks that a 64-bit native DLL has every export named in LIST.\n";

struct options {
    const char *in;
    const char *out;
    const char *module;
    const char *exports;
    const char *verify;
};

static bool parse_options(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        const char **value = NULL;

        if (strcmp(argv[i], "--module") == 0)
            value = &options->module;
        else if (strcmp(argv[i], "--exports") == 0)
            value = &options->exports;
        else if (strcmp(argv[i], "--verify") == 0)
            value = &options->verify;

        if (value) {
            if (*value || ++i == argc)
                return false;
            *value = argv[i];
        } else if (argv[i][0] == '-') {
            return false;
        } else if (!options->in) {
            options->in = argv[i];
        } else if (!options->out) {
            options->out = argv[i];
        } else {
            return false;
        }
    }
    if (options->verify)
        return options->exports && !options->in && !options->module;
    return options->exports && options->in && options->out && options->module;
}

static int refuse(const char *file, const char *why)
{
    fprintf(stderr, "ntpool-forward: %s: %s\n", file, why);
    return EXIT_REFUSED;
}

static const char *read_error(void)
{
    return errno == EFBIG ? pe_describe(PE_TOO_LARGE) : strerror(errno);
}

static int verify(const struct options *options, const uint8_t *dll, size_t size, const char **names, size_t count)
{
    struct pe_image image;
    struct pe_exports exports;

    enum pe_result result = pe_parse(&image, dll, size);
    if (result == PE_OK && image.machine != PE_MACHINE_AMD64)
        result = PE_BAD_MACHINE;
    if (result == PE_OK && !(image.characteristics & PE_FILE_DLL))
        result = PE_NOT_DLL;
    if (result == PE_OK)
        result = pe_read_exports(&image, &exports);
    if (result != PE_OK)
        return refuse(options->verify, pe_describe(result));

    int status = EXIT_SUCCESS;
    for (size_t i = 0; i < count && status == EXIT_SUCCESS; i++) {
        if (!pe_find_export(&exports, names[i])) {
            fprintf(stderr, "ntpool-forward: %s: it does not export %s\n", options->verify, names[i]);
            status = EXIT_REFUSED;
        }
    }
    pe_free_exports(&exports);
    return status;
}

static int forward(const struct options *options, const uint8_t *in, size_t in_size, const char **names, size_t count)
{
    uint8_t *out;
    size_t out_size;
    enum pe_result result = pe_forward_builtin(in, in_size, options->module, names, count, &out, &out_size);

    switch (result) {
    case PE_OK:
        break;
    case PE_BAD_MODULE:
        return refuse(options->module, pe_describe(result));
    case PE_BAD_REDIRECT_NAME:
    case PE_DUPLICATE_REDIRECT:
        return refuse(options->exports, pe_describe(result));
    default:
        return refuse(options->in, pe_describe(result));
    }

    bool written = file_replace(options->out, out, out_size, NULL);
    free(out);
    return written ? EXIT_SUCCESS : refuse(options->out, strerror(errno));
}

static int run(const struct options *options, const uint8_t *in, size_t in_size, char *list)
{
    size_t count;
    const char **names = name_list_parse(list, &count);
    int status;

    if (!names)
        status = refuse(options->exports, pe_describe(PE_NO_MEMORY));
    else if (count == 0)
        status = refuse(options->exports, "it names no exports");
    else if (options->verify)
        status = verify(options, in, in_size, names, count);
    else
        status = forward(options, in, in_size, names, count);
    free(names);
    return status;
}

int main(int argc, char **argv)
{
    struct options options = {NULL, NULL, NULL, NULL, NULL};

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0 ? EXIT_REFUSED : EXIT_SUCCESS;
    if (!parse_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }

    size_t in_size;
    const char *in_path = options.verify ? options.verify : options.in;
    uint8_t *in = file_read(in_path, MAX_DLL_BYTES, &in_size);
    if (!in)
        return refuse(in_path, read_error());
    size_t list_size;
    char *list = (char *)file_read(options.exports, MAX_LIST_BYTES, &list_size);
    int status = list ? run(&options, in, in_size, list) : refuse(options.exports, read_error());
    free(list);
    free(in);
    return status;
}
