// SPDX-License-Identifier: MIT
#include "mutate.h"

#include "bytes.h"
#include "make_image.h"

enum { TABLES_SIZE = 0x600 };

static uint32_t below(uint64_t *state, uint32_t limit)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % limit);
}

void mutate(uint64_t *state, uint8_t *file, size_t size)
{
    static const uint32_t edges[] = {0,    1,      2,          4,          0x7f,       0xff,    0x1000,
                                     4096, 0xffff, 0x7fffffff, 0x80000000, UINT32_MAX, 0x2008,  0x2100,
                                     0x3f, 0x4000, 0x4ff8,     0x5000,     0x200,      0x10000, 0x8664};

    for (uint32_t n = 1 + below(state, 4); n > 0; n--) {
        uint32_t kind = below(state, 8);
        size_t at = kind < 3   ? AT_PE + below(state, MADE_HEADERS - AT_PE - 4)
                    : kind < 7 ? MADE_RDATA_RAW + below(state, TABLES_SIZE)
                               : below(state, (uint32_t)size - 4);

        switch (below(state, 4)) {
        case 0:
            file[at] = (uint8_t)below(state, 256);
            break;
        case 1:
            put32(file + at, edges[below(state, sizeof(edges) / sizeof(edges[0]))]);
            break;
        case 2:
            // Small steps turn one table into its neighbour.
            put32(file + (at & ~(size_t)3), get32(file + (at & ~(size_t)3)) + 4 * below(state, 17) - 32);
            break;
        default:
            put32(file + (at & ~(size_t)3), MADE_RDATA_RVA + below(state, TABLES_SIZE));
        }
    }
}
