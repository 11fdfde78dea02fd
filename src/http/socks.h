/*
 * socks: the messages of SOCKS5 (RFC 1928), its login by user name and password (RFC
 * 1929), and of SOCKS4a, for both ends. Pure.
 *
 * Readers get what has come so far and say how much of it a message takes. Writers
 * append to a buffer; 0 or the error of buf_append().
 */
#ifndef CCGATE_HTTP_SOCKS_H
#define CCGATE_HTTP_SOCKS_H

#include "base/buf.h"

enum {
    SOCKS_VERSION4 = 4, /* the first byte of a client */
    SOCKS_VERSION5 = 5,
    SOCKS_NAME = 255, /* bytes of a name, of a user, of a password */
};

enum socks_progress {
    SOCKS_MORE, /* there must come more */
    SOCKS_DONE,
    SOCKS_BAD, /* no SOCKS, or not of this version */
};

enum socks_method {
    SOCKS_METHOD_NONE = 0x00, /* no login */
    SOCKS_METHOD_LOGIN = 0x02,
    SOCKS_METHOD_REFUSED = 0xff,
};

/* RFC 1928 section 6. The server's own numbers may be others. */
enum socks_reply {
    SOCKS_REPLY_OK = 0,
    SOCKS_REPLY_FAILED = 1,
    SOCKS_REPLY_DENIED = 2,
    SOCKS_REPLY_NO_NETWORK = 3,
    SOCKS_REPLY_NO_HOST = 4,
    SOCKS_REPLY_REFUSED = 5,
    SOCKS_REPLY_EXPIRED = 6,
    SOCKS_REPLY_NO_COMMAND = 7,
    SOCKS_REPLY_NO_ADDRESS_TYPE = 8,
};

/* For people: "the target cannot be reached". Static. */
const char *socks_reply_text(unsigned reply);

/* ---- the server's end ---- */

/* Whether a client without a login is among those the greeting offers. */
enum socks_progress socks5_read_greeting(struct span in, size_t *size, bool *no_login);
int socks5_put_method(struct buf *out, enum socks_method method);

struct socks_request {
    char host[SOCKS_NAME + 1]; /* a name as it came, or an address literal */
    uint16_t port;
    enum socks_reply fault; /* OK, or why it cannot be served */
};

/* SOCKS_DONE also with a fault, which is then the reply. */
enum socks_progress socks5_read_request(struct span in, size_t *size,
                                        struct socks_request *request);
int socks5_put_reply(struct buf *out, enum socks_reply reply);

/* SOCKS4 and 4a; who the user is said to be is read over. Faults as above. */
enum socks_progress socks4_read_request(struct span in, size_t *size,
                                        struct socks_request *request);
int socks4_put_reply(struct buf *out, bool granted);

/* ---- the client's end ---- */

int socks5_put_greeting(struct buf *out, bool login);
enum socks_progress socks5_read_method(struct span in, size_t *size, unsigned *method);

/* -EINVAL if one of them is empty or longer than SOCKS_NAME. */
int socks5_put_login(struct buf *out, struct span user, struct span password);
enum socks_progress socks5_read_login(struct span in, size_t *size, bool *accepted);

/* A name is passed on as it is. -EINVAL if it is longer than SOCKS_NAME. */
int socks5_put_request(struct buf *out, struct span host, uint16_t port);
enum socks_progress socks5_read_reply(struct span in, size_t *size, unsigned *reply);

/* -EINVAL for an IPv6 literal, which SOCKS4 cannot say, or a NUL in host or user. */
int socks4_put_request(struct buf *out, struct span host, uint16_t port,
                       struct span user);
/* *reply: as SOCKS5 would say it. */
enum socks_progress socks4_read_reply(struct span in, size_t *size, unsigned *reply);

#endif
