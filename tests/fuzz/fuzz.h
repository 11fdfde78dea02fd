/*
 * fuzz: what the fuzz targets share: the function that is called with each input, and
 * what they expect of it.
 */
#ifndef CCGATE_TESTS_FUZZ_FUZZ_H
#define CCGATE_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void expect(bool ok)
{
    if (!ok)
        abort();
}

#endif
