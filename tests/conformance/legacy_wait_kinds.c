// SPDX-License-Identifier: MIT
//
// RegisterWaitForSingleObject and RtlRegisterWait: one test for each kind of object.
#include "legacy.h"
#include "wait_log.h"
#include "waitable.h"

static void expect_callback(const struct level *at, HANDLE object, void (*signal)(void *), void *argument)
{
    struct legacy_log log = {0};
    HANDLE wait = noting_registration(at, &log, object, INFINITE, WT_EXECUTEONLYONCE);
    check(stays(&log.count, 0), "a callback came before the signal");
    signal(argument);
    await_count(&log.signalled, 1);
    DWORD error = legacy_at(at)->unregister_ex(wait, INVALID_HANDLE_VALUE);
    check(!error, "the blocking unregister gives error %lu", error);
}

static void set_event(void *event)
{
    SetEvent(event);
}

BINDING_AT_BOTH_LEVELS(events_can_be_registered, "WAITLEG-024", "NT-026")
{
    HANDLE automatic = auto_reset_event(), manual = gate();
    expect_callback(at, automatic, set_event, automatic);
    expect_callback(at, manual, set_event, manual);
    check(takes_signal(manual), "a manual-reset event was reset");
}

BINDING_AT_BOTH_LEVELS(a_waitable_timer_can_be_registered, "WAITLEG-024", "NT-026")
{
    with_waitable_timer(at, expect_callback);
}

BINDING_AT_BOTH_LEVELS(a_thread_can_be_registered, "WAITLEG-024", "NT-026")
{
    with_thread(at, expect_callback);
}

BINDING_AT_BOTH_LEVELS(a_process_can_be_registered, "WAITLEG-024", "NT-026")
{
    with_process(at, expect_callback);
}

BINDING_AT_BOTH_LEVELS(a_change_notification_can_be_registered, "WAITLEG-024", "NT-026")
{
    with_change_notification(at, expect_callback);
}

BINDING_AT_BOTH_LEVELS(a_memory_notification_can_be_registered, "WAITLEG-024", "NT-026")
{
    HANDLE notification = CreateMemoryResourceNotification(HighMemoryResourceNotification);
    if (!notification)
        skip("this host has no memory resource notification: error %lu", GetLastError());
    bool plenty = takes_signal(notification);
    struct legacy_log log = {0};
    HANDLE wait = noting_registration(at, &log, notification, 300, WT_EXECUTEONLYONCE);
    await_count(&log.count, 1);
    check(plenty == (log.signalled == 1) || plenty != takes_signal(notification),
          "memory is %s, but the result is the other", plenty ? "plentiful" : "short");
    legacy_at(at)->unregister_ex(wait, INVALID_HANDLE_VALUE);
}

// The input buffer of the console is signalled while there is input. The program gets a console of its own.
static bool type_a_key(HANDLE input)
{
    INPUT_RECORD record = {
        .EventType = KEY_EVENT,
        .Event.KeyEvent = {.bKeyDown = TRUE, .wRepeatCount = 1, .wVirtualKeyCode = 'A', .uChar.AsciiChar = 'a'}};
    DWORD written = 0;
    return WriteConsoleInputA(input, &record, 1, &written) && written == 1;
}

BINDING_AT_BOTH_LEVELS(console_input_can_be_registered, "WAITLEG-024 WAIT-029", "NT-026")
{
    FreeConsole();
    if (!AllocConsole())
        skip("this host gives no console: error %lu", GetLastError());
    ShowWindow(GetConsoleWindow(), SW_HIDE);
    HANDLE input = CreateFileA("CONIN$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                               OPEN_EXISTING, 0, NULL);
    if (input == INVALID_HANDLE_VALUE)
        skip("the console has no input: error %lu", GetLastError());
    if (!type_a_key(input))
        skip("no key can be typed at the console: error %lu", GetLastError());
    FlushConsoleInputBuffer(input);
    struct legacy_log log = {0};
    HANDLE wait = noting_registration(at, &log, input, INFINITE, WT_EXECUTEONLYONCE);
    type_a_key(input);
    await_count(&log.signalled, 1);
    legacy_at(at)->unregister_ex(wait, INVALID_HANDLE_VALUE);

    struct wait_log waited = {0};
    FlushConsoleInputBuffer(input);
    PTP_WAIT object = noting_wait(at, &waited, NULL);
    start_wait(at, object, &waited, input, NULL);
    type_a_key(input);
    await_count(&waited.signalled, 1);
    retire_wait(at, object);
}

OBSERVATION(a_pseudo_handle_of_the_console_is_resolved, "WAITLEG-025")
{
    struct legacy_log log = {0};
    HANDLE event = auto_reset_event();
    require(SetStdHandle(STD_INPUT_HANDLE, event), "the input cannot be changed: error %lu", GetLastError());
    HANDLE pseudo = (HANDLE)(LONG_PTR)(LONG)STD_INPUT_HANDLE;
    SetLastError(0);
    HANDLE wait = api.RegisterWaitForSingleObjectEx(pseudo, note_legacy, &log, INFINITE, WT_EXECUTEONLYONCE);
    if (!wait) {
        observe("STD_INPUT_HANDLE is refused with error %lu", GetLastError());
    } else {
        SetEvent(event);
        observe("STD_INPUT_HANDLE is %s",
                wait_until(counted(&log.count), GENEROUS / 2) ? "resolved" : "accepted in vain");
    }
    check(log.count == 1, "expected that it stands for the input");
}
