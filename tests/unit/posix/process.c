// SPDX-License-Identifier: MIT
/* The process, its environment and its log. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic bool is_exiting;
static _Atomic unsigned pin_count;

void nt_initialize(void *module)
{
    (void)module;
}

bool nt_process_is_exiting(void)
{
    return atomic_load(&is_exiting);
}

void ground_set_exiting(bool exiting)
{
    atomic_store(&is_exiting, exiting);
}

void nt_pin_module(void)
{
    atomic_fetch_add(&pin_count, 1);
}

unsigned ground_pin_count(void)
{
    return atomic_load(&pin_count);
}

struct nt_stack_size nt_default_stack_size(void)
{
    return (struct nt_stack_size){.reserve = 1024 * 1024, .commit = 64 * 1024};
}

enum { MOST_SYSTEM_FUNCTIONS = 16 };

static pthread_mutex_t functions_guard = PTHREAD_MUTEX_INITIALIZER;
static struct {
    const char *name;
    void *function;
} system_functions[MOST_SYSTEM_FUNCTIONS];

void *nt_system_function(const char *name)
{
    void *function = NULL;

    pthread_mutex_lock(&functions_guard);
    for (unsigned i = 0; i < MOST_SYSTEM_FUNCTIONS; i++) {
        if (system_functions[i].name != NULL && strcmp(system_functions[i].name, name) == 0) {
            function = system_functions[i].function;
        }
    }
    pthread_mutex_unlock(&functions_guard);
    return function;
}

void ground_set_system_function(const char *name, void *function)
{
    unsigned i = 0;

    pthread_mutex_lock(&functions_guard);
    while (i < MOST_SYSTEM_FUNCTIONS && system_functions[i].name != NULL &&
           strcmp(system_functions[i].name, name) != 0) {
        i++;
    }
    if (i == MOST_SYSTEM_FUNCTIONS) {
        ground_broken("more than %d system functions", MOST_SYSTEM_FUNCTIONS);
    }
    system_functions[i].name = name;
    system_functions[i].function = function;
    pthread_mutex_unlock(&functions_guard);
}

uint32_t nt_status_to_win32(nt_status status)
{
    static const struct {
        nt_status status;
        uint32_t error;
    } known[] = {
        {NT_SUCCESS, 0},
        {NT_TIMEOUT, 258},
        {NT_PENDING, 997},
        {NT_INVALID_HANDLE, 6},
        {NT_INVALID_PARAMETER, 87},
        {NT_INVALID_PARAMETER_1, 87},
        {NT_INVALID_PARAMETER_3, 87},
        {NT_NO_MEMORY, 8},
        {NT_ACCESS_DENIED, 5},
        {NT_OBJECT_TYPE_MISMATCH, 6},
        {NT_INSUFFICIENT_RESOURCES, 1450},
        {NT_NOT_SUPPORTED, 50},
        {NT_TOO_MANY_THREADS, 155},
        {GROUND_MUTANT_NOT_OWNED, 288},
        {GROUND_SEMAPHORE_LIMIT, 298},
        {GROUND_CANCELLED, 995},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].status == status) {
            return known[i].error;
        }
    }
    return 317; /* ERROR_MR_MID_NOT_FOUND, which stands for every status without an error of its own */
}

size_t nt_environment(const char *name, char *buffer, size_t size)
{
    const char *value = getenv(name);
    size_t length = value == NULL ? 0 : strlen(value);

    if (length == 0 || length >= size) {
        return 0;
    }
    memcpy(buffer, value, length + 1);
    return length;
}

size_t nt_program_name(char *buffer, size_t size)
{
    size_t length = strlen(program_invocation_short_name);

    if (length >= size) {
        return 0;
    }
    memcpy(buffer, program_invocation_short_name, length + 1);
    return length;
}

bool nt_module_is_system(void)
{
    return false;
}

uint32_t nt_process_id(void)
{
    return (uint32_t)getpid();
}

bool nt_is_baseline(void)
{
    char value[16];

    return nt_environment("NTPOOL_NT", value, sizeof(value)) != 0 && strcmp(value, "baseline") == 0;
}

void nt_append(const char *path, const char *text, size_t length)
{
    bool to_error = strcmp(path, "stderr") == 0;
    int file = to_error ? STDERR_FILENO : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

    if (file < 0) {
        return;
    }
    ssize_t written;
    do {
        written = write(file, text, length);
    } while (written < 0 && errno == EINTR);
    if (!to_error) {
        close(file);
    }
}
