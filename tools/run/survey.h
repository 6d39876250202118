// SPDX-License-Identifier: MIT
#ifndef NTPOOL_RUN_SURVEY_H
#define NTPOOL_RUN_SURVEY_H

#include <wchar.h>

/**
 * Says which imports of a program, and of the DLLs in its folder that it imports, would be redirected. 0, or what to
 * end with, after a complaint.
 */
int survey_program(const wchar_t *path);

#endif
