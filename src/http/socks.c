/*
 * socks: the messages of SOCKS5 and SOCKS4a. See socks.h.
 */
#include "http/socks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

enum {
    LOGIN_VERSION = 1,
    COMMAND_CONNECT = 1,
    ADDRESS_IPV4 = 1,
    ADDRESS_NAME = 3,
    ADDRESS_IPV6 = 4,
    REPLY4_GRANTED = 90,
    REPLY4_REJECTED = 91,
};

static unsigned byte_at(struct span s, size_t i)
{
    return (unsigned char)s.at[i];
}

static uint16_t port_at(struct span s, size_t i)
{
    return (uint16_t)(byte_at(s, i) << 8 | byte_at(s, i + 1));
}

static int put_byte(struct buf *out, unsigned value)
{
    char byte = (char)(unsigned char)value;

    return buf_append(out, &byte, 1);
}

static int put_port(struct buf *out, uint16_t port)
{
    int error = put_byte(out, port >> 8);

    return error ? error : put_byte(out, port & 0xff);
}

const char *socks_reply_text(unsigned reply)
{
    static const char *const TEXTS[] = {
        [SOCKS_REPLY_OK] = "it succeeded",
        [SOCKS_REPLY_FAILED] = "it failed",
        [SOCKS_REPLY_DENIED] = "its rules do not allow this target",
        [SOCKS_REPLY_NO_NETWORK] = "the target's network cannot be reached",
        [SOCKS_REPLY_NO_HOST] = "the target cannot be reached",
        [SOCKS_REPLY_REFUSED] = "the target refused the connection",
        [SOCKS_REPLY_EXPIRED] = "the way to the target took too long",
        [SOCKS_REPLY_NO_COMMAND] = "it does not make connections",
        [SOCKS_REPLY_NO_ADDRESS_TYPE] = "it does not know this kind of address",
    };

    return reply < sizeof(TEXTS) / sizeof(TEXTS[0]) ? TEXTS[reply]
                                                    : "it failed for an unknown reason";
}

/* ---- the server's end ---- */

enum socks_progress socks5_read_greeting(struct span in, size_t *size, bool *no_login)
{
    size_t count;

    if (in.len > 0 && byte_at(in, 0) != SOCKS_VERSION5)
        return SOCKS_BAD;
    if (in.len < 2)
        return SOCKS_MORE;
    count = byte_at(in, 1);
    if (in.len < 2 + count)
        return SOCKS_MORE;
    *size = 2 + count;
    *no_login = memchr(in.at + 2, SOCKS_METHOD_NONE, count) != NULL;
    return SOCKS_DONE;
}

int socks5_put_method(struct buf *out, enum socks_method method)
{
    int error = put_byte(out, SOCKS_VERSION5);

    return error ? error : put_byte(out, method);
}

/* The bytes that an address of this type takes, with the length of a name; 0: unknown.
 */
static size_t address_size(struct span address, unsigned type)
{
    switch (type) {
    case ADDRESS_IPV4:
        return 4;
    case ADDRESS_IPV6:
        return 16;
    case ADDRESS_NAME:
        return address.len > 0 ? 1 + byte_at(address, 0) : 1;
    default:
        return 0;
    }
}

/* False for a name that is empty or holds a NUL. */
static bool read_address(struct socks_request *request, struct span address,
                         unsigned type)
{
    if (type == ADDRESS_IPV4)
        return inet_ntop(AF_INET, address.at, request->host, SOCKS_NAME) != NULL;
    if (type == ADDRESS_IPV6)
        return inet_ntop(AF_INET6, address.at, request->host, SOCKS_NAME) != NULL;
    address = span_skip(address, 1);
    memcpy(request->host, address.at, address.len);
    return address.len > 0 && span_find(address, '\0') == address.len;
}

enum socks_progress socks5_read_request(struct span in, size_t *size,
                                        struct socks_request *request)
{
    size_t room;
    unsigned type;

    *request = (struct socks_request){.fault = SOCKS_REPLY_OK};
    if (in.len > 0 && byte_at(in, 0) != SOCKS_VERSION5)
        return SOCKS_BAD;
    if (in.len < 5)
        return SOCKS_MORE;
    type = byte_at(in, 3);
    room = address_size(span_skip(in, 4), type);
    *size = 4 + room + 2;
    if (room == 0) {
        *size = in.len; /* nobody knows where it ends */
        request->fault = SOCKS_REPLY_NO_ADDRESS_TYPE;
        return SOCKS_DONE;
    }
    if (in.len < *size)
        return SOCKS_MORE;
    request->port = port_at(in, 4 + room);
    if (byte_at(in, 1) != COMMAND_CONNECT)
        request->fault = SOCKS_REPLY_NO_COMMAND;
    else if (!read_address(request, (struct span){in.at + 4, room}, type) ||
             request->port == 0)
        request->fault = SOCKS_REPLY_FAILED;
    return SOCKS_DONE;
}

/* The address we are bound to is told by nobody and asked by nobody: zeros. */
int socks5_put_reply(struct buf *out, enum socks_reply reply)
{
    const char message[] = {
        SOCKS_VERSION5, (char)reply, 0, ADDRESS_IPV4, 0, 0, 0, 0, 0, 0};

    return buf_append(out, message, sizeof(message));
}

/* Text up to a NUL, which *rest is then behind. */
static enum socks_progress read_text(struct span *rest, struct span *text)
{
    size_t n = span_find(*rest, '\0');

    if (n > SOCKS_NAME)
        return SOCKS_BAD;
    if (n == rest->len)
        return SOCKS_MORE;
    *text = (struct span){rest->at, n};
    *rest = span_skip(*rest, n + 1);
    return SOCKS_DONE;
}

/* Of SOCKS4a, whose address that cannot be says that a name follows. */
static bool name_follows(struct span address)
{
    return byte_at(address, 0) == 0 && byte_at(address, 1) == 0 &&
           byte_at(address, 2) == 0 && byte_at(address, 3) != 0;
}

enum socks_progress socks4_read_request(struct span in, size_t *size,
                                        struct socks_request *request)
{
    struct span rest = span_skip(in, 8), address = span_skip(in, 4);
    struct span user, name = {"", 0};
    enum socks_progress progress;

    *request = (struct socks_request){.fault = SOCKS_REPLY_OK};
    if (in.len > 0 && byte_at(in, 0) != SOCKS_VERSION4)
        return SOCKS_BAD;
    if (in.len < 9)
        return SOCKS_MORE;
    progress = read_text(&rest, &user);
    if (progress == SOCKS_DONE && name_follows(address))
        progress = read_text(&rest, &name);
    if (progress != SOCKS_DONE)
        return progress;
    *size = in.len - rest.len;
    request->port = port_at(in, 2);
    if (!name_follows(address))
        (void)inet_ntop(AF_INET, address.at, request->host, SOCKS_NAME);
    else
        memcpy(request->host, name.at, name.len);
    if (byte_at(in, 1) != COMMAND_CONNECT)
        request->fault = SOCKS_REPLY_NO_COMMAND;
    else if (request->host[0] == '\0' || request->port == 0)
        request->fault = SOCKS_REPLY_FAILED;
    return SOCKS_DONE;
}

int socks4_put_reply(struct buf *out, bool granted)
{
    const char message[8] = {0, granted ? REPLY4_GRANTED : REPLY4_REJECTED};

    return buf_append(out, message, sizeof(message));
}

/* ---- the client's end ---- */

int socks5_put_greeting(struct buf *out, bool login)
{
    const char message[] = {SOCKS_VERSION5, login ? 2 : 1, SOCKS_METHOD_NONE,
                            SOCKS_METHOD_LOGIN};

    return buf_append(out, message, login ? 4 : 3);
}

/* A message of two bytes, of this version. */
static enum socks_progress read_pair(struct span in, size_t *size, unsigned version,
                                     unsigned *value)
{
    if (in.len > 0 && byte_at(in, 0) != version)
        return SOCKS_BAD;
    if (in.len < 2)
        return SOCKS_MORE;
    *size = 2;
    *value = byte_at(in, 1);
    return SOCKS_DONE;
}

enum socks_progress socks5_read_method(struct span in, size_t *size, unsigned *method)
{
    return read_pair(in, size, SOCKS_VERSION5, method);
}

static int put_counted(struct buf *out, struct span text)
{
    int error = put_byte(out, (unsigned)text.len);

    return error ? error : buf_append_span(out, text);
}

int socks5_put_login(struct buf *out, struct span user, struct span password)
{
    int error;

    if (user.len == 0 || user.len > SOCKS_NAME || password.len == 0 ||
        password.len > SOCKS_NAME)
        return -EINVAL;
    /* At once, so that growing leaves no copy of the password behind. */
    error = buf_reserve(out, 3 + user.len + password.len);
    error = error ? error : put_byte(out, LOGIN_VERSION);
    error = error ? error : put_counted(out, user);
    return error ? error : put_counted(out, password);
}

enum socks_progress socks5_read_login(struct span in, size_t *size, bool *accepted)
{
    unsigned status = 1;
    enum socks_progress progress = read_pair(in, size, LOGIN_VERSION, &status);

    *accepted = status == 0;
    return progress;
}

/* The address of a literal in bytes; their count, or 0 for a name. */
static size_t literal_bytes(struct span host, unsigned char bytes[16])
{
    char text[INET6_ADDRSTRLEN];

    if (host.len >= sizeof(text) || span_find(host, '\0') < host.len)
        return 0;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, bytes) == 1)
        return 4;
    return inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
}

int socks5_put_request(struct buf *out, struct span host, uint16_t port)
{
    const char begin[] = {SOCKS_VERSION5, COMMAND_CONNECT, 0};
    unsigned char bytes[16];
    size_t n = literal_bytes(host, bytes);
    int error;

    if (host.len == 0 || host.len > SOCKS_NAME)
        return -EINVAL;
    error = buf_append(out, begin, sizeof(begin));
    error = error ? error
                  : put_byte(out, n == 4    ? ADDRESS_IPV4
                                  : n == 16 ? ADDRESS_IPV6
                                            : ADDRESS_NAME);
    if (!error)
        error =
            n > 0 ? buf_append(out, (const char *)bytes, n) : put_counted(out, host);
    return error ? error : put_port(out, port);
}

enum socks_progress socks5_read_reply(struct span in, size_t *size, unsigned *reply)
{
    size_t room;

    if (in.len > 0 && byte_at(in, 0) != SOCKS_VERSION5)
        return SOCKS_BAD;
    if (in.len < 5)
        return SOCKS_MORE;
    *reply = byte_at(in, 1);
    room = address_size(span_skip(in, 4), byte_at(in, 3));
    if (room == 0)
        return SOCKS_BAD;
    *size = 4 + room + 2;
    return in.len < *size ? SOCKS_MORE : SOCKS_DONE;
}

int socks4_put_request(struct buf *out, struct span host, uint16_t port,
                       struct span user)
{
    unsigned char bytes[16] = {0, 0, 0, 1}; /* 4a: the name follows */
    size_t n = literal_bytes(host, bytes);
    int error;

    if (host.len == 0 || host.len > SOCKS_NAME || n == 16 ||
        span_find(host, '\0') < host.len || span_find(user, '\0') < user.len)
        return -EINVAL;
    error = put_byte(out, SOCKS_VERSION4);
    error = error ? error : put_byte(out, COMMAND_CONNECT);
    error = error ? error : put_port(out, port);
    error = error ? error : buf_append(out, (const char *)bytes, 4);
    error = error ? error : buf_append_span(out, user);
    error = error ? error : put_byte(out, 0);
    if (error || n == 4)
        return error;
    error = buf_append_span(out, host);
    return error ? error : put_byte(out, 0);
}

enum socks_progress socks4_read_reply(struct span in, size_t *size, unsigned *reply)
{
    if (in.len > 0 && byte_at(in, 0) != 0)
        return SOCKS_BAD;
    if (in.len < 8)
        return SOCKS_MORE;
    *size = 8;
    switch (byte_at(in, 1)) {
    case REPLY4_GRANTED:
        *reply = SOCKS_REPLY_OK;
        return SOCKS_DONE;
    case REPLY4_REJECTED:
        *reply = SOCKS_REPLY_FAILED;
        return SOCKS_DONE;
    default: /* it could not make sure who the user is */
        *reply = SOCKS_REPLY_DENIED;
        return SOCKS_DONE;
    }
}
