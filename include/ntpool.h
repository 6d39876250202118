/* SPDX-License-Identifier: MIT */
/*
 * What ntpool.dll offers beside the Windows API. The thread-pool functions themselves are declared where Windows
 * declares them: in windows.h.
 */
#ifndef NTPOOL_H
#define NTPOOL_H

#ifdef _WIN32
#define NTPOOL_IMPORT __declspec(dllimport)
#else
#define NTPOOL_IMPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define NTPOOL_VERSION_MAJOR 0
#define NTPOOL_VERSION_MINOR 1
#define NTPOOL_VERSION_PATCH 0

/**
 * The version of the ntpool.dll that serves this process, as "major.minor.patch". The text lives as long as the
 * process. Finding this export is how a program can tell that it runs on ntpool.
 */
NTPOOL_IMPORT const char *__stdcall ntpool_version(void);

#ifdef __cplusplus
}
#endif

#endif
