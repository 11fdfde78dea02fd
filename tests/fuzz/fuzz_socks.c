/*
 * fuzz_socks: every reader of SOCKS messages: what is done stays within what came.
 */
#include "fuzz.h"
#include "http/socks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    struct socks_request request;
    unsigned value;
    size_t used;
    bool yes;

    expect(socks5_read_greeting(in, &used, &yes) != SOCKS_DONE || used <= size);
    expect(socks5_read_method(in, &used, &value) != SOCKS_DONE || used <= size);
    expect(socks5_read_login(in, &used, &yes) != SOCKS_DONE || used <= size);
    expect(socks5_read_reply(in, &used, &value) != SOCKS_DONE || used <= size);
    expect(socks4_read_reply(in, &used, &value) != SOCKS_DONE || used <= size);
    if (socks5_read_request(in, &used, &request) == SOCKS_DONE) {
        expect(used <= size);
        expect(request.fault != SOCKS_REPLY_OK ||
               (request.port > 0 && request.host[0] != '\0'));
    }
    if (socks4_read_request(in, &used, &request) == SOCKS_DONE) {
        expect(used <= size);
        expect(request.fault != SOCKS_REPLY_OK ||
               (request.port > 0 && request.host[0] != '\0'));
    }
    return 0;
}
