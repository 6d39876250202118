// SPDX-License-Identifier: MIT
#include "main.h"

int main(int argc, char **argv)
{
    return rewrite_main(argc, argv);
}
