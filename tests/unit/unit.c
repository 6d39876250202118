// SPDX-License-Identifier: MIT
#include "unit.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Sanitized builds are slower by as much. */
#if defined(__SANITIZE_THREAD__)
#define SLOWNESS 5u
#elif defined(__SANITIZE_ADDRESS__)
#define SLOWNESS 3u
#else
#define SLOWNESS 1u
#endif

#define MOST_COMPLAINTS 20

static struct unit_test *first_test;
static struct unit_test **end_of_tests = &first_test;

/* Shared by the parent and the child that runs a test. */
static struct {
    _Atomic unsigned checks;
    _Atomic unsigned failures;
} * counts;

/*
 * What is still held is counted by the ground, so leak detection, which needs rights that a container may not give, is
 * off.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0:abort_on_error=0:exitcode=99:detect_stack_use_after_return=1";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
    return "print_stacktrace=1:halt_on_error=1";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "halt_on_error=1:exitcode=98:second_deadlock_stack=1:report_signal_unsafe=0:die_after_fork=0";
}

void unit_register(struct unit_test *test)
{
    *end_of_tests = test;
    end_of_tests = &test->next;
}

void unit_note(const char *format, ...)
{
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    fprintf(stderr, "# %s\n", line);
}

bool unit_check(bool holds, const char *file, int line, const char *text)
{
    atomic_fetch_add(&counts->checks, 1);
    if (!holds) {
        unsigned before = atomic_fetch_add(&counts->failures, 1);
        if (before < MOST_COMPLAINTS) {
            unit_note("%s:%d: not so: %s", file, line, text);
        } else if (before == MOST_COMPLAINTS) {
            unit_note("more failed checks are counted but not shown");
        }
    }
    return holds;
}

bool unit_check_equal(intmax_t is, intmax_t wanted, const char *file, int line, const char *text)
{
    char longer[512];

    if (is == wanted) {
        return unit_check(true, file, line, text);
    }
    snprintf(longer, sizeof(longer), "%s (it is %jd, not %jd)", text, is, wanted);
    return unit_check(false, file, line, longer);
}

void unit_stop(void)
{
    unit_note("the test cannot go on");
    fflush(NULL);
    _exit(1);
}

static int run_child(const struct unit_test *test, unsigned seconds)
{
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        perror("# fork");
        exit(1);
    }
    if (child == 0) {
        alarm(seconds);
        test->run();
        fflush(NULL);
        /* Threads that still run must not meet destructors: no exit handlers. A sanitizer stops at its first finding.
         */
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) != child) {
    }
    return status;
}

static bool run_test(const struct unit_test *test, unsigned number, unsigned seconds)
{
    char why[128] = "";

    atomic_store(&counts->checks, 0);
    atomic_store(&counts->failures, 0);
    int status = run_child(test, seconds);
    unsigned checks = atomic_load(&counts->checks);
    unsigned failures = atomic_load(&counts->failures);

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        snprintf(why, sizeof(why), "not done after %u seconds", seconds);
    } else if (WIFSIGNALED(status)) {
        snprintf(why, sizeof(why), "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else if (failures != 0) {
        snprintf(why, sizeof(why), "%u of %u checks failed", failures, checks);
    } else if (WEXITSTATUS(status) != 0) {
        snprintf(why, sizeof(why), "exit code %d", WEXITSTATUS(status));
    } else if (checks == 0) {
        snprintf(why, sizeof(why), "the test checked nothing");
    }
    if (why[0] == '\0') {
        printf("ok %u - %s # %u checks\n", number, test->name, checks);
    } else {
        printf("not ok %u - %s\n# %s: %s\n", number, test->name, test->name, why);
    }
    return why[0] == '\0';
}

static _Noreturn void usage(const char *program)
{
    fprintf(stderr,
            "usage: %s [--list] [--only NAME] [--repeat COUNT] [--seconds LIMIT] [--here]\n"
            "  --only NAME      run the test of that name\n"
            "  --repeat COUNT   run each test that often\n"
            "  --seconds LIMIT  the time limit of each test, instead of its own\n"
            "  --here           run in this process, without a time limit, for a debugger\n",
            program);
    exit(2);
}

static unsigned parse_count(const char *program, const char *option, const char *text)
{
    char *end = NULL;
    unsigned long value = text == NULL ? 0 : strtoul(text, &end, 10);

    if (text == NULL || *end != '\0' || value == 0 || value > 1000000) {
        fprintf(stderr, "%s: %s takes a number from 1 to 1000000\n", program, option);
        usage(program);
    }
    return (unsigned)value;
}

int main(int count, char **arguments)
{
    const char *only = NULL;
    unsigned repeat = 1;
    unsigned limit = 0;
    bool here = false;
    unsigned wanted = 0;
    unsigned number = 0;
    unsigned failed = 0;

    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--list") == 0) {
            for (const struct unit_test *test = first_test; test != NULL; test = test->next) {
                puts(test->name);
            }
            return 0;
        } else if (strcmp(arguments[i], "--only") == 0 && i + 1 < count) {
            only = arguments[++i];
        } else if (strcmp(arguments[i], "--repeat") == 0) {
            repeat = parse_count(arguments[0], "--repeat", arguments[i + 1]);
            i++;
        } else if (strcmp(arguments[i], "--seconds") == 0) {
            limit = parse_count(arguments[0], "--seconds", arguments[i + 1]);
            i++;
        } else if (strcmp(arguments[i], "--here") == 0) {
            here = true;
        } else {
            fprintf(stderr, "%s: what is \"%s\"?\n", arguments[0], arguments[i]);
            usage(arguments[0]);
        }
    }

    counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED) {
        perror("# mmap");
        return 1;
    }
    for (const struct unit_test *test = first_test; test != NULL; test = test->next) {
        wanted += only == NULL || strcmp(only, test->name) == 0 ? repeat : 0;
    }
    if (wanted == 0) {
        fprintf(stderr, "%s: there is no test \"%s\"; --list tells the names\n", arguments[0], only ? only : "");
        return 2;
    }
    printf("1..%u\n", wanted);
    for (const struct unit_test *test = first_test; test != NULL; test = test->next) {
        for (unsigned i = 0; (only == NULL || strcmp(only, test->name) == 0) && i < repeat; i++) {
            number++;
            if (here) {
                test->run();
                printf("ok %u - %s\n", number, test->name);
            } else {
                failed += !run_test(test, number, (limit != 0 ? limit : test->seconds) * SLOWNESS);
            }
        }
    }
    return failed != 0;
}
