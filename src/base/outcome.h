/*
 * outcome: every way a request can end, and what each means to everybody.
 *
 * One table (outcome.c) gives the HTTP status, the RFC 9209 Proxy-Status error, whether
 * the next hop may be tried, whether it counts against the hop's health, the metric
 * label, the doctor's check, and one sentence of help. No other place maps errors.
 */
#ifndef CCGATE_BASE_OUTCOME_H
#define CCGATE_BASE_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum outcome {
    OUTCOME_OK,
    /* the client's request */
    OUTCOME_BAD_REQUEST,         /* grammar, framing, target */
    OUTCOME_REQUEST_TOO_LARGE,   /* head above the limit */
    OUTCOME_REQUEST_TIMEOUT,     /* half a head and silence */
    OUTCOME_REQUEST_INCOMPLETE,  /* the client left in the middle of head or body */
    OUTCOME_CODING_UNKNOWN,      /* Transfer-Encoding we do not know */
    OUTCOME_VERSION_UNSUPPORTED, /* not HTTP/1.x */
    OUTCOME_EXPECTATION_UNKNOWN, /* Expect other than 100-continue */
    OUTCOME_SCHEME_UNSUPPORTED,  /* absolute-form other than http:// */
    OUTCOME_TLS_ON_PLAIN_PORT,   /* a ClientHello where HTTP is due */
    /* our own policy */
    OUTCOME_CALLER_REFUSED,       /* uid or network not allowed */
    OUTCOME_LOCAL_TARGET_REFUSED, /* loopback or link-local for a foreign caller */
    OUTCOME_RULE_REFUSED,         /* `rules` say so */
    OUTCOME_LOOP,                 /* Via or an own listener */
    OUTCOME_SESSION_LIMIT,        /* too many sessions */
    OUTCOME_DRAINING,             /* shutting down */
    /* the way out */
    OUTCOME_ROUTE_UNDECIDED, /* a source failed, or none names a way */
    OUTCOME_DNS_ERROR,
    OUTCOME_DNS_TIMEOUT,
    OUTCOME_CONNECT_REFUSED, /* TCP: refused or reset */
    OUTCOME_CONNECT_TIMEOUT,
    OUTCOME_CONNECT_UNROUTABLE,
    OUTCOME_TLS_PROTOCOL,
    OUTCOME_TLS_CERTIFICATE,
    OUTCOME_TLS_ALERT,
    OUTCOME_TLS_TIMEOUT,
    OUTCOME_SOCKS_BROKEN,  /* it does not speak this version of SOCKS */
    OUTCOME_SOCKS_TIMEOUT, /* it did not answer the greeting */
    OUTCOME_SOCKS_FAILED,  /* it opened nothing and does not say whose fault that is */
    OUTCOME_HOP_CLOSED,    /* it closed a fresh connection before its first byte, and no
                              password was on the way */
    /* the hop's login */
    OUTCOME_LOGIN_NO_CREDENTIALS, /* it asks, and we have none */
    OUTCOME_LOGIN_REJECTED,       /* it refused them */
    OUTCOME_LOGIN_REFUSED,        /* it accepts them, but not for this target */
    OUTCOME_LOGIN_HELD,           /* the guard is closed: nothing was sent */
    OUTCOME_LOGIN_SCHEME,         /* it offers only what we cannot do */
    OUTCOME_LOGIN_BROKEN,         /* 407 without a challenge, a loop of 407 */
    OUTCOME_LOGIN_TIMEOUT,
    /* the hop's or origin's answer */
    OUTCOME_ANSWER_BROKEN,     /* not HTTP, or faulty framing */
    OUTCOME_ANSWER_INCOMPLETE, /* closed in the middle */
    OUTCOME_ANSWER_NONE,       /* closed before the first byte */
    OUTCOME_ANSWER_TOO_LARGE,  /* head above the limit */
    OUTCOME_ANSWER_TIMEOUT,
    /* the proxy's refusal of a CONNECT */
    OUTCOME_CONNECT_DENIED,       /* 4xx: it does not allow this target */
    OUTCOME_CONNECT_FAILED,       /* 5xx: it could not reach or resolve the target */
    OUTCOME_CONNECT_PORTAL,       /* 3xx: a login portal or a block page */
    OUTCOME_CONNECT_UNAUTHORIZED, /* 401, which asks for no proxy login */
    /* ourselves */
    OUTCOME_IDLE_TIMEOUT, /* a configured idle limit ended it */
    OUTCOME_INTERNAL,     /* memory, descriptors, a bug */
    OUTCOME_COUNT
};

struct outcome_info {
    const char *name;        /* metric label and log value: "dns_error" */
    uint16_t status;         /* HTTP status for the client; 0: no answer is sent */
    const char *proxy_error; /* RFC 9209 section 2.3 type, NULL if none */
    bool next_hop;           /* the next hop of the list may be tried */
    bool hop_fault;          /* counts against the hop's health */
    const char *doctor;      /* check id, NULL if none */
    const char *reason;      /* the reason phrase of the status line */
    const char *help;        /* one sentence: what to do next */
    uint8_t socks;           /* the reply to a SOCKS5 client; 0: 1, a general failure */
    const char *reason_direct, *help_direct; /* without a proxy; NULL: the same */
};

/* Never NULL; an unknown value gives OUTCOME_INTERNAL. */
const struct outcome_info *outcome_info(enum outcome outcome);

/* The reason phrase and the help; direct: no proxy was on the way. Never NULL. */
const char *outcome_reason(enum outcome outcome, bool direct);
const char *outcome_help(enum outcome outcome, bool direct);

/* The outcome of a failed connect(), given errno. */
enum outcome outcome_from_connect(int error);

/* The outcome of a CONNECT that a proxy answered with this status, not 1xx, 2xx or
 * 407. */
enum outcome outcome_from_refusal(uint16_t status);

/* The outcome of a request that a SOCKS proxy answered with this, not 0 (RFC 1928
 * section 6). */
enum outcome outcome_from_socks(unsigned reply);

/* What a SOCKS5 client is told, as there. */
uint8_t outcome_socks_reply(enum outcome outcome);

#endif
