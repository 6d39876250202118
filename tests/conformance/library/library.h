// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_LIBRARY_H
#define CONFORMANCE_LIBRARY_H

#include <windows.h>

// The DLL that tests load: callbacks whose code may be unmapped, and a DllMain that passes on what it hears.

// Called from the library's DllMain once it is set.
typedef void library_listener(DWORD reason, void *reserved);

// What the library's callbacks do: open `entered`, wait for `gate`, count in memory of the library and here.
struct library_job {
    HANDLE entered;
    HANDLE gate;
    volatile LONG returned;
    void(NTAPI *free_when_returns)(PTP_CALLBACK_INSTANCE, HMODULE); // used by leaving_callback
};

// The library's exports.
typedef void set_listener_function(library_listener *listener);
#define LIBRARY_SET_LISTENER "set_listener"
#define LIBRARY_WORK         "work_callback"    // PTP_WORK_CALLBACK, context is a struct library_job
#define LIBRARY_TIMER        "timer_callback"   // PTP_TIMER_CALLBACK, the same
#define LIBRARY_WAIT         "wait_callback"    // PTP_WAIT_CALLBACK, the same
#define LIBRARY_IO           "io_callback"      // PTP_WIN32_IO_CALLBACK, the same
#define LIBRARY_NT_IO        "nt_io_callback"   // nt_io_callback, the same
#define LIBRARY_SIMPLE       "simple_callback"  // PTP_SIMPLE_CALLBACK, the same
#define LIBRARY_LEAVING      "leaving_callback" // PTP_SIMPLE_CALLBACK, frees the library when it returns

#endif
