// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_NAME_LIST_H
#define NTPOOL_PE_NAME_LIST_H

#include <stddef.h>

/// The names in the text of an exports.txt: one per line, '#' starts a comment.
/// Cuts `text` up in place. The array is from malloc; NULL when memory is short.
const char **name_list_parse(char *text, size_t *count);

#endif
