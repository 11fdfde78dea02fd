/*
 * system_protocol: what the daemon and its child `ccgate-system` say to each other.
 *
 * The child finds a stream socket at descriptor SYSTEM_SOCKET_FD and sends HELLO. Then:
 *
 *   FETCH → child     FETCHED   a PAC file
 *   PROXY → child     ANSWER    what the environment and the desktop say of a URL
 *   WPAD → child      ANSWER    where the network's PAC file may be
 *
 * One question, one answer. What it calls may block for ever: whoever asked stops the
 * child with SIGKILL when it does not answer in time. It ends when the socket is
 * closed.
 */
#ifndef CCGATE_BASE_SYSTEM_PROTOCOL_H
#define CCGATE_BASE_SYSTEM_PROTOCOL_H

#include "base/pac_protocol.h"

#define SYSTEM_PROTOCOL  1 /* both are of one build; another version is an error */
#define SYSTEM_SOCKET_FD 3

#define SYSTEM_FETCH_LIMIT   1048576 /* bytes of a PAC file as it is served */
#define SYSTEM_URL_LIMIT     1500000 /* a data: URL holds its whole script */
#define SYSTEM_HEADER_LIMIT  1024    /* bytes of a validator */
#define SYSTEM_CA_FILES      64
#define SYSTEM_WHY_LIMIT     1024
#define SYSTEM_ASK_LIMIT     (SYSTEM_URL_LIMIT + 524288) /* bytes of a question */
#define SYSTEM_MESSAGE_LIMIT (PAC_SCRIPT_LIMIT + SYSTEM_URL_LIMIT + 65536)

enum system_message {
    SYSTEM_HELLO = 1,
    SYSTEM_FETCH,
    SYSTEM_FETCHED,
    SYSTEM_PROXY,
    SYSTEM_WPAD,
    SYSTEM_ANSWER,
};

struct system_hello {
    struct span fetcher; /* "libcurl/7.88.1 OpenSSL/3.0.17 ..." */
};

struct system_fetch {
    struct span url;                 /* http, https, file, data */
    struct span etag;                /* of the copy that is there; empty: none */
    struct span last_modified;       /* likewise */
    uint32_t limit_ms;               /* for all of it */
    struct span ca[SYSTEM_CA_FILES]; /* files of PEM besides the system's roots */
    size_t ca_count;
};

enum system_result {
    SYSTEM_OK,
    SYSTEM_SAME, /* 304: the copy that is there is the server's */
    SYSTEM_BAD_URL,
    SYSTEM_NO_NAME,
    SYSTEM_NO_CONNECTION,
    SYSTEM_TLS,
    SYSTEM_LATE,
    SYSTEM_STATUS,    /* another HTTP status than 200 */
    SYSTEM_REDIRECTS, /* too many, or to what is no http or https */
    SYSTEM_TOO_LONG,
    SYSTEM_CUT,     /* the connection ended before the file did */
    SYSTEM_HTML,    /* a page: a captive portal, or a login */
    SYSTEM_NOT_PAC, /* FindProxyForURL does not stand in it */
    SYSTEM_FILE,    /* a local file that cannot be read */
    SYSTEM_OTHER,
    SYSTEM_RESULT_LAST = SYSTEM_OTHER,
};

struct system_fetched {
    enum system_result result;
    uint32_t status;           /* of HTTP; 0: none came */
    struct span script;        /* OK: UTF-8, PAC_SCRIPT_LIMIT at most, else empty */
    struct span etag;          /* OK: as served, printable; empty: none */
    struct span last_modified; /* likewise */
    struct span why; /* else: a sentence fragment without control characters */
};

/* PROXY and WPAD. */
struct system_ask {
    enum system_message type;
    struct span text; /* PROXY: the URL that is to be reached; WPAD: the domain or, if
                         empty, the one of resolv.conf */
};

enum system_kind {
    SYSTEM_NOTHING, /* nobody says anything; text may say who was asked */
    SYSTEM_PAC_URL, /* text: URLs of PAC files, one a line, the best first */
    SYSTEM_PROXIES, /* text: proxy URLs without userinfo, one a line; "direct://" */
    SYSTEM_DIRECT,  /* somebody says: no proxy */
    SYSTEM_DETECT,  /* somebody says: WPAD */
    SYSTEM_UNKNOWN, /* "direct" without a reason, which may be a failure: text says so
                     */
    SYSTEM_FAILED,  /* somebody should know, but cannot be asked: text says why */
    SYSTEM_KIND_LAST = SYSTEM_FAILED,
};

struct system_answer {
    enum system_kind kind;
    bool every_url;     /* it would be the same for any other URL */
    struct span source; /* who says it: "GNOME", "https_proxy", "libproxy 0.5.9" */
    struct span text;   /* no control characters but line ends */
};

#define SYSTEM_TEXT_LIMIT 16384 /* bytes of an answer's text */

/* Append a message. 0, -ENOMEM or -EMSGSIZE (the buffer is then unchanged). */
int system_put_hello(struct buf *out, const struct system_hello *hello);
int system_put_fetch(struct buf *out, const struct system_fetch *fetch);
int system_put_fetched(struct buf *out, const struct system_fetched *fetched);
int system_put_ask(struct buf *out, const struct system_ask *ask);
int system_put_answer(struct buf *out, const struct system_answer *answer);

/*
 * Read a body as wire_take() found it. False if it is not exactly one such message;
 * then what they fill in means nothing. The views point into the body.
 */
bool system_get_hello(struct span body, struct system_hello *hello);
bool system_get_fetch(struct span body, struct system_fetch *fetch);
bool system_get_fetched(struct span body, struct system_fetched *fetched);
bool system_get_ask(struct span body, struct system_ask *ask);
bool system_get_answer(struct span body, struct system_answer *answer);

/* "ok", "same", "no_name", ...: a word for logs and labels; never NULL. */
const char *system_result_name(enum system_result result);
const char *system_kind_name(enum system_kind kind); /* likewise: "pac_url" */

#endif
