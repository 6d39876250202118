// SPDX-License-Identifier: MIT
//
// replay FOLDER: runs the fuzz target on each file of a folder, without a fuzzer. Reports in TAP.
#include <dirent.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file-io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST_INPUT = 1 << 28 };

static const char *running = "";

// The sanitizers and abort() end the process without a word about the input.
static void say_which(void)
{
    const char *said[] = {"replay: the input was ", running, "\n"};

    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        if (write(STDERR_FILENO, said[i], strlen(said[i])) < 0)
            return;
    }
}

static void on_abort(int number)
{
    say_which();
    signal(number, SIG_DFL);
    raise(number);
}

static int replay(const char *folder, const char *name)
{
    char path[4096];
    size_t size;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    uint8_t *read = file_read(path, LARGEST_INPUT, &size);
    // In a block of exactly its size a sanitizer sees whoever reads on.
    uint8_t *input = read ? realloc(read, size ? size : 1) : NULL;
    if (!input) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        return 1;
    }
    running = name;
    LLVMFuzzerTestOneInput(input, size);
    free(input);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    int files = 0;
    int bad = 0;

    if (!folder) {
        fputs("usage: replay FOLDER\n", stderr);
        return 2;
    }
    signal(SIGABRT, on_abort);
    __sanitizer_set_death_callback(say_which);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (entry->d_name[0] == '.')
            continue;
        files++;
        bad += replay(argv[1], entry->d_name);
    }
    closedir(folder);
    printf("%sok 1 - %d inputs went through\n1..1\n", files && !bad ? "" : "not ", files - bad);
    return !files || bad;
}
