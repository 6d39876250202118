// SPDX-License-Identifier: MIT
#include "name-list.h"

#include <stdlib.h>
#include <string.h>

#define BLANK " \t\r\n"

const char **name_list_parse(char *text, size_t *count)
{
    size_t lines = 1;

    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    const char **names = malloc(lines * sizeof(*names));
    if (!names)
        return NULL;

    *count = 0;
    for (char *line = text; line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        line[strcspn(line, "#")] = '\0';
        char *name = line + strspn(line, BLANK);
        size_t len = strlen(name);
        while (len > 0 && strchr(BLANK, name[len - 1]))
            len--;
        name[len] = '\0';
        if (len > 0)
            names[(*count)++] = name;
        line = end ? end + 1 : NULL;
    }
    return names;
}
