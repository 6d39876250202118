// SPDX-License-Identifier: MIT
#include "recipes.h"

#define POOL_MIX "KERNEL32.dll: GetTickCount CreateThreadpoolWork SubmitThreadpoolWork Sleep CloseThreadpoolWork"
#define USER     "USER32.dll: MessageBoxW #7"
#define API_SET  "api-ms-win-core-threadpool-l1-2-0.dll: CreateThreadpoolTimer SetThreadpoolTimer"

const struct good_recipe good_recipes[] = {
    {{"mix", 0, {POOL_MIX, USER}, {0}}, 3},
    {{"only-pool", 0, {"KERNEL32.dll: QueueUserWorkItem"}, {0}}, 1},
    {{"first-and-last", 0, {"kernel32: UnregisterWait Sleep RegisterWaitForSingleObject"}, {0}}, 2},
    {{"api-set", 0, {USER, API_SET, "API-MS-WIN-CORE-SYNCH-L1-1-0.DLL: Sleep"}, {0}}, 2},
    {{"kernelbase", 0, {"KernelBase.DLL: CreateTimerQueue DeleteTimerQueueEx"}, {0}}, 2},
    {{"ntdll", 0, {"ntdll.dll: NtClose TpAllocWork TpPostWork RtlQueueWorkItem TpAllocJobNotification"}, {0}}, 3},
    {{"by-ordinal", 0, {"KERNEL32.dll: #3 CreateThreadpoolWork #4"}, {0}}, 1},
    {{"not-the-system", 0, {"kernel32x.dll: CreateThreadpoolWork", "my.dll: Sleep", POOL_MIX}, {0}}, 3},
    {{"names-alike", 0, {"KERNEL32.dll: CreateThreadpoolWor CreateThreadpoolWorkX CreateThreadpool"}, {0}}, 1},
    {{"empty-descriptor", 0, {"lone.dll:", POOL_MIX}, {0}}, 3},
    {{"delay", 0, {USER}, {API_SET, "other.dll: Sleep"}}, 2},
    {{"both", 0, {POOL_MIX}, {API_SET}}, 5},
    {{"delay-bound", MADE_BOUND, {POOL_MIX}, {API_SET}}, 5},
    {{"only-delay", 0, {0}, {API_SET}}, 2},
    {{"no-lookup", MADE_NO_LOOKUP, {POOL_MIX, USER}, {0}}, 3},
    {{"bound", MADE_BOUND, {POOL_MIX, USER}, {0}}, 3},
    {{"no-iat-directory", MADE_NO_IAT_DIRECTORY, {POOL_MIX}, {0}}, 3},
    {{"writable-iat", MADE_NO_IAT_DIRECTORY | MADE_WRITABLE_IAT, {POOL_MIX}, {0}}, 3},
    {{"writable-iat-few-directories", MADE_FEW_DIRECTORIES | MADE_WRITABLE_IAT, {POOL_MIX}, {0}}, 3},
    {{"far-iat", MADE_FAR_IAT, {POOL_MIX}, {0}}, 3},
    {{"certificate", MADE_CERTIFICATE, {POOL_MIX}, {0}}, 3},
    {{"symbols", MADE_SYMBOLS, {POOL_MIX}, {0}}, 3},
    {{"debug-data", MADE_DEBUG_DATA | MADE_ODD_SIZE, {POOL_MIX}, {0}}, 3},
    {{"overlay", MADE_OVERLAY, {POOL_MIX}, {0}}, 3},
    {{"mixed-il", MADE_MIXED_IL, {POOL_MIX}, {0}}, 3},
    {{"load-flags", MADE_LOAD_FLAGS, {POOL_MIX}, {0}}, 3},
    {{"forwards-others", MADE_FORWARDS_OTHERS, {POOL_MIX}, {0}}, 3},
    {{"everything",
      MADE_BOUND | MADE_CERTIFICATE | MADE_SYMBOLS | MADE_DEBUG_DATA | MADE_LOAD_FLAGS | MADE_MIXED_IL | MADE_ODD_SIZE,
      {POOL_MIX, USER, API_SET, "lone.dll:"},
      {"other.dll: Sleep", API_SET, "ntdll.dll: TpPostWork"}},
     8},
};
const size_t good_recipe_count = sizeof(good_recipes) / sizeof(good_recipes[0]);

const struct refused_recipe refused_recipes[] = {
    {{"nothing-of-the-pool", 0, {"KERNEL32.dll: Sleep"}, {0}}, PE_NO_POOL_IMPORTS},
    {{"no-imports", 0, {0}, {0}}, PE_NO_POOL_IMPORTS},
    {{"another-dll", 0, {"kernel33.dll: CreateThreadpoolWork"}, {0}}, PE_NO_POOL_IMPORTS},
    {{"only-ordinals", 0, {"KERNEL32.dll: #12"}, {0}}, PE_NO_POOL_IMPORTS},
    {{"ntpool-imported", 0, {"NTPOOL.dll: CreateThreadpoolWork"}, {0}}, PE_USES_NTPOOL},
    {{"ntpool-delay-loaded", 0, {POOL_MIX}, {"ntpool: CreateThreadpoolWork"}}, PE_USES_NTPOOL},
    {{"mixed-delay", 0, {0}, {"KERNEL32.dll: CreateThreadpoolWork Sleep"}}, PE_MIXED_DELAY_IMPORT},
    {{"bound-without-lookup", MADE_NO_LOOKUP | MADE_BOUND, {POOL_MIX}, {0}}, PE_BOUND_WITHOUT_LOOKUP},
    {{"read-only-iat", MADE_FAR_IAT | MADE_NO_IAT_DIRECTORY, {POOL_MIX}, {0}}, PE_IAT_NOT_WRITABLE},
    {{"few-directories", MADE_FEW_DIRECTORIES, {POOL_MIX}, {0}}, PE_IAT_NOT_WRITABLE},
    {{"pure-net", MADE_ONLY_IL, {POOL_MIX}, {0}}, PE_IS_MANAGED},
    {{"arm64ec", MADE_HYBRID, {POOL_MIX}, {0}}, PE_IS_HYBRID},
    {{"arm64", MADE_ARM64, {POOL_MIX}, {0}}, PE_BAD_MACHINE},
    {{"pe32", MADE_PE32, {POOL_MIX}, {0}}, PE_IS_PE32},
    {{"forced-integrity", MADE_FORCED_INTEGRITY, {POOL_MIX}, {0}}, PE_FORCES_INTEGRITY},
    {{"no-header-room", MADE_NO_HEADER_ROOM, {POOL_MIX}, {0}}, PE_NO_HEADER_ROOM},
    {{"forwards-pool", MADE_FORWARDS_POOL, {POOL_MIX}, {0}}, PE_FORWARDS_TO_POOL},
    {{"forwards-to-api-set", MADE_FORWARDS_TO_API_SET, {0}, {0}}, PE_FORWARDS_TO_POOL},
    {{"system-dll", MADE_SYSTEM_DLL, {API_SET}, {0}}, PE_IS_SYSTEM_DLL},
};
const size_t refused_recipe_count = sizeof(refused_recipes) / sizeof(refused_recipes[0]);
