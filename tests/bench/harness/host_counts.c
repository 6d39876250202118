// SPDX-License-Identifier: MIT
//
// Under Wine, files of the system below are there as \\?\unix\...; the Wine server opens them, so that /proc/self is
// the server. On Windows none of this exists, and nothing is told.
#include "host_counts.h"

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROC "\\\\?\\unix\\proc\\"

static char own_folder[64];

static bool read_file(const char *path, char *out, DWORD size)
{
    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    DWORD got = 0;
    bool read = ReadFile(file, out, size - 1, &got, NULL);
    CloseHandle(file);
    out[got] = '\0';
    // Arguments of a command line end with zeros.
    for (DWORD i = 0; i < got; i++)
        if (!out[i])
            out[i] = ' ';
    return read && got;
}

// Calls `visit` with each numbered entry of a folder until it gives true.
static bool each_number(const char *folder, bool (*visit)(const char *folder, const char *number, void *context),
                        void *context)
{
    char pattern[128];
    snprintf(pattern, sizeof pattern, "%s\\*", folder);
    WIN32_FIND_DATAA entry;
    HANDLE search = FindFirstFileA(pattern, &entry);
    if (search == INVALID_HANDLE_VALUE)
        return false;
    bool found = false;
    do
        found = entry.cFileName[0] >= '1' && entry.cFileName[0] <= '9' && visit(folder, entry.cFileName, context);
    while (!found && FindNextFileA(search, &entry));
    FindClose(search);
    return found;
}

static bool holds_token(const char *folder, const char *number, void *token)
{
    char path[160], text[4096];
    snprintf(path, sizeof path, "%s\\%.20s\\cmdline", folder, number);
    if (!read_file(path, text, sizeof text) || !strstr(text, token))
        return false;
    snprintf(own_folder, sizeof own_folder, PROC "%.20s", number);
    return true;
}

void host_counts_find(const char *token)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", token);
    each_number("\\\\?\\unix\\proc", holds_token, copy);
}

static double number_after(const char *text, const char *label)
{
    const char *found = strstr(text, label);
    return found ? strtod(found + strlen(label), NULL) : 0;
}

// Adds what one thread has used.
static bool add_task(struct host_counts *counts, const char *folder, const char *number, bool is_main)
{
    char path[160], text[4096];
    snprintf(path, sizeof path, "%s\\%.20s\\schedstat", folder, number);
    double cpu_ms = read_file(path, text, sizeof text) ? strtod(text, NULL) / 1e6 : 0;
    snprintf(path, sizeof path, "%s\\%.20s\\status", folder, number);
    if (!read_file(path, text, sizeof text))
        return false;
    double switches =
        number_after(text, "\nvoluntary_ctxt_switches:") + number_after(text, "\nnonvoluntary_ctxt_switches:");
    counts->switches += switches;
    counts->switches_of_others += is_main ? 0 : switches;
    counts->cpu_ms += cpu_ms;
    counts->cpu_ms_of_others += is_main ? 0 : cpu_ms;
    return true;
}

static bool add_other(const char *folder, const char *number, void *counts)
{
    if (strcmp(number, own_folder + strlen(PROC)))
        add_task(counts, folder, number, false);
    return false;
}

static void read_others(struct host_counts *counts)
{
    if (own_folder[0]) {
        char tasks[96];
        snprintf(tasks, sizeof tasks, "%s\\task", own_folder);
        each_number(tasks, add_other, counts);
    }
}

static void read_main(struct host_counts *counts)
{
    if (own_folder[0]) {
        char tasks[96];
        snprintf(tasks, sizeof tasks, "%s\\task", own_folder);
        counts->switches_told = add_task(counts, tasks, own_folder + strlen(PROC), true);
    }
}

static void read_server(struct host_counts *counts)
{
    char text[1024];
    if (!read_file(PROC "self\\comm", text, sizeof text) || strncmp(text, "wineserver", 10))
        return;
    if (read_file(PROC "self\\schedstat", text, sizeof text)) {
        counts->server_ms = strtod(text, NULL) / 1e6;
        counts->server_told = true;
    }
}

void host_counts_begin(struct host_counts *counts)
{
    *counts = (struct host_counts){0};
    read_others(counts);
    read_server(counts);
    read_main(counts);
}

void host_counts_end(struct host_counts *counts)
{
    *counts = (struct host_counts){0};
    read_main(counts);
    read_server(counts);
    read_others(counts);
}

double host_private_bytes(void)
{
    char path[96], text[4096];
    snprintf(path, sizeof path, "%s\\status", own_folder);
    if (!own_folder[0] || !read_file(path, text, sizeof text))
        return 0;
    return 1024 * (number_after(text, "\nRssAnon:") + number_after(text, "\nVmSwap:"));
}

void host_machine(char *out, size_t size)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    char text[4096], model[128] = "unknown processor", load[64] = "";
    if (read_file(PROC "cpuinfo", text, sizeof text)) {
        const char *found = strstr(text, "model name");
        found = found ? strchr(found, ':') : NULL;
        if (found)
            snprintf(model, sizeof model, "%.*s", (int)strcspn(found + 2, "\n"), found + 2);
    } else {
        DWORD length = sizeof model;
        RegGetValueA(HKEY_LOCAL_MACHINE, "HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0", "ProcessorNameString",
                     RRF_RT_REG_SZ, NULL, model, &length);
    }
    if (read_file(PROC "loadavg", text, sizeof text))
        snprintf(load, sizeof load, ", load %.*s before the first run", (int)strcspn(text, " "), text);
    snprintf(out, size, "%lu processors, %s%s", system.dwNumberOfProcessors, model, load);
}
