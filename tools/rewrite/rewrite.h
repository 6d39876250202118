// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REWRITE_REWRITE_H
#define NTPOOL_REWRITE_REWRITE_H

#include "image.h"
#include "overlay.h"

#define REWRITE_DLL "ntpool.dll"

/// Neighbouring slots of one import descriptor that come from the same DLL in the rewritten file, where each
/// run has a descriptor of its own.
struct rewrite_run {
    uint32_t import; // index of the descriptor in the original
    uint32_t first;  // index of the first slot in that descriptor
    uint32_t count;
    bool moves; // to ntpool.dll
};

/// What is to be done to a file.
struct rewrite_plan {
    struct pe_image image;
    uint32_t import_count;
    struct rewrite_run *runs;
    uint32_t run_count;
    uint32_t delay_count; // delay-load descriptors of the file
    bool *delay_moves;    // for each of them: it gets another DLL name
    uint32_t moved;       // functions, of both kinds

    struct pe_directory bound_imports; // to be cleared
    bool is_signed;                    // the certificate directory is to be cleared
    struct pe_span unknown_overlay;
    uint32_t load_flags;       // file offset of the load flags to be widened, 0 for none
    struct pe_directory iat;   // the IAT directory to be added, zeros for none
    uint32_t pool_by_ordinal;  // functions of kernel32 and its like that are asked for by ordinal; they stay
    uint32_t unserved_natives; // Tp* functions of ntdll that ntpool lacks; they stay
};

/// Decides what has to be done to a file so that its thread-pool imports come from ntpool.dll. `in` may hold anything,
/// and has to outlive the plan. An overlay that nothing accounts for is refused unless `keep_overlay`. On success,
/// release with rewrite_free_plan.
enum pe_result rewrite_make_plan(struct rewrite_plan *plan, const uint8_t *in, size_t size, bool keep_overlay);

void rewrite_free_plan(struct rewrite_plan *plan);

/// Makes the rewritten file. Every slot of every import address table stays where it is; everything of the original
/// keeps its file offset and its RVA. What rewrite_undo needs lies in the file itself.
/// On success `*out` gets a buffer from malloc; on failure it is left alone.
enum pe_result rewrite_apply(const struct rewrite_plan *plan, uint8_t **out, size_t *out_size);

#endif
