/*
 * pac_protocol: what the daemon and its child `ccgate-pac` say to each other.
 *
 * It stands in base because both sides use it and base is all of src that the child
 * links. The child finds a stream socket at descriptor PAC_SOCKET_FD and the script,
 * UTF-8, in a sealed memfd at PAC_SCRIPT_FD. Then:
 *
 *   child → HELLO    once, before anything of the script is looked at
 *   LOAD → child     READY (the script is compiled and its top level ran), NEED_DNS,
 * ERROR FIND → child     RESULT, NEED_DNS, ERROR
 *
 * One question, one answer. NEED_DNS names one name that the table of the question
 * lacks: the same question is asked again with it. The child keeps nothing between
 * questions but the globals of the script. It ends when the socket is closed; whoever
 * asked stops it with SIGKILL when it does not answer in time.
 */
#ifndef CCGATE_BASE_PAC_PROTOCOL_H
#define CCGATE_BASE_PAC_PROTOCOL_H

#include "base/wire.h"

#define PAC_PROTOCOL  1 /* both are of one build; another version is an error */
#define PAC_SOCKET_FD 3
#define PAC_SCRIPT_FD 4

#define PAC_MESSAGE_LIMIT 262144  /* bytes of a message, either way */
#define PAC_SCRIPT_LIMIT  4194304 /* a script of 1 MiB, whatever its encoding was */
#define PAC_NAMES         20      /* unique lookups of one question, as in Chrome */
#define PAC_RESULT_LIMIT  16384   /* bytes of what FindProxyForURL returned */
#define PAC_ALERTS_LIMIT  2048  /* bytes of all alerts of one question, as in Chrome */
#define PAC_TRACE_LIMIT   65536 /* bytes of the trace */

enum pac_message {
    PAC_HELLO = 1,
    PAC_LOAD,
    PAC_FIND,
    PAC_READY,
    PAC_RESULT,
    PAC_NEED_DNS,
    PAC_ERROR,
};

/* Which addresses a lookup wants. */
enum pac_family {
    PAC_V4,   /* the first IPv4 address: "192.0.2.1" */
    PAC_BOTH, /* all: "2001:db8::1;192.0.2.1" */
};

/* What keeps the child from the rest of the machine; bits of pac_hello.sandbox. */
enum pac_sandbox {
    PAC_SANDBOX_NO_NEW_PRIVS = 1,
    PAC_SANDBOX_RLIMITS = 2,
    PAC_SANDBOX_ADDRESS_SPACE = 4, /* RLIMIT_AS */
    PAC_SANDBOX_LANDLOCK = 8,
    PAC_SANDBOX_SECCOMP = 16,
    PAC_SANDBOX_SANITIZER =
        32, /* built with ASan, which cannot live with the last three */
};

struct pac_hello {
    struct span engine; /* "duktape 2.7.0" */
    uint32_t sandbox;   /* enum pac_sandbox */
};

/* A name that was looked up for this question; empty addresses: it has none. */
struct pac_name {
    struct span name; /* as NEED_DNS said it */
    enum pac_family family;
    struct span addresses;
};

/* LOAD and FIND. The views belong to whoever made it, or to the decoded message. */
struct pac_ask {
    enum pac_message type; /* PAC_LOAD, PAC_FIND */
    struct span url;       /* FIND: as the script shall see it */
    struct span host;
    uint64_t now_ms;   /* the clock of this question, since 1970 */
    uint32_t limit_ms; /* an engine that can stops itself after it; 0: none */
    bool trace;
    struct span my_ip;    /* myIpAddress(): one address */
    struct span my_ip_ex; /* myIpAddressEx(): a list; empty: none */
    struct pac_name names[PAC_NAMES];
    size_t name_count;
};

enum pac_error {
    PAC_ERROR_SCRIPT = 1,   /* it cannot be read: size, seals */
    PAC_ERROR_SYNTAX,       /* no JavaScript */
    PAC_ERROR_NEWER,        /* newer JavaScript than the engine knows */
    PAC_ERROR_TOP_LEVEL,    /* threw while it was loaded */
    PAC_ERROR_NO_FUNCTION,  /* FindProxyForURL is not defined */
    PAC_ERROR_NOT_FUNCTION, /* it is something else */
    PAC_ERROR_THREW,
    PAC_ERROR_NOT_STRING, /* it returned something else */
    PAC_ERROR_NOT_ASCII,  /* it returned more than ASCII */
    PAC_ERROR_MEMORY,     /* the child should be replaced */
    PAC_ERROR_TIME,       /* limit_ms is over; the child should be replaced */
    PAC_ERROR_QUESTION,   /* not loaded, or a question it does not understand */
    PAC_ERROR_LAST = PAC_ERROR_QUESTION,
};

/* Bits of pac_answer.flags. */
enum pac_answer_flag {
    PAC_USED_CLOCK = 1, /* a helper or Date looked at the clock: not to be cached */
    PAC_USED_MY_IP = 2,
    PAC_CUT_RESULT = 4, /* longer than PAC_RESULT_LIMIT, cut behind its last ';' */
    PAC_CUT_ALERTS = 8,
    PAC_CUT_TRACE = 16,
    PAC_FULL_NAMES = 32, /* a lookup failed because PAC_NAMES were used */
    PAC_FLAGS = 63,
};

/* READY, RESULT, NEED_DNS, ERROR. */
struct pac_answer {
    enum pac_message type;
    uint64_t ns;         /* spent in the engine; READY: compiling and the top level */
    uint8_t flags;       /* enum pac_answer_flag */
    uint32_t names_used; /* bit n: names[n] of the question was asked for */
    struct span text;    /* RESULT: what was returned, ASCII, control characters as '?';
                            NEED_DNS: the name, lower case;
                            ERROR: a sentence fragment without control characters,
                            UTF-8 as far as the script's own texts are */
    enum pac_family family; /* NEED_DNS */
    enum pac_error error;   /* ERROR */
    uint32_t line;          /* ERROR: of the script, from 1; 0: not known */
    struct span alerts;     /* one a line, else as the text of ERROR */
    struct span trace;      /* for pac_trace_next() */
};

/* One call of a helper. */
struct pac_call {
    struct span name;
    struct span arguments; /* "\"host\", 1" */
    struct span result;    /* "true", "\"192.0.2.1\"", "null", "throws" ... */
    uint64_t ns;
};

/* Append a message. 0, -ENOMEM or -EMSGSIZE (the buffer is then unchanged). */
int pac_put_hello(struct buf *out, const struct pac_hello *hello);
int pac_put_ask(struct buf *out, const struct pac_ask *ask);
int pac_put_answer(struct buf *out, const struct pac_answer *answer);

/*
 * Read a body as wire_take() found it. False if it is not exactly one such message;
 * then what they fill in means nothing. The views point into the body.
 */
bool pac_get_hello(struct span body, struct pac_hello *hello);
bool pac_get_ask(struct span body, struct pac_ask *ask);
bool pac_get_answer(struct span body, struct pac_answer *answer);

/* Adds a call to a trace; 0, -ENOMEM or -EMSGSIZE. */
int pac_trace_put(struct buf *trace, const struct pac_call *call);

/* Cuts the next call off. False at the end, or where the trace is broken. */
bool pac_trace_next(struct span *trace, struct pac_call *call);

/* "syntax", "threw", ...: a word for logs and labels; never NULL. */
const char *pac_error_name(enum pac_error error);

#endif
