/*
 * fuzz_client_hello: nothing is read behind the end; what is not a ClientHello stays
 * none whatever follows, and nothing that follows a whole one is taken for part of it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fuzz.h"
#include "up/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span all = {(const char *)data, size};
    enum client_hello before = CLIENT_HELLO_PART;

    for (size_t n = size > 2048 ? size - 2048 : 0; n <= size; n++) {
        enum client_hello now = client_hello_judge((struct span){all.at, n});

        if (n > 0 && before != CLIENT_HELLO_PART && now != CLIENT_HELLO_NOT)
            abort();
        before = now;
    }
    return 0;
}
