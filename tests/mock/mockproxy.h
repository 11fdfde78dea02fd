/*
 * mockproxy: the seam between its connections (mockproxy.c) and its behaviour
 * (mockproxy_rules.c).
 */
#ifndef CCGATE_TESTS_MOCKPROXY_H
#define CCGATE_TESTS_MOCKPROXY_H

#include "mock.h"

/* One end of a session. */
struct side {
    int fd; /* -1: none */
    struct mock_buf out;
    bool fin_seen;
    bool fin_due; /* once `out` is empty */
    bool fin_sent;
};

enum phase { PHASE_HEAD, PHASE_CONNECTING, PHASE_TUNNEL, PHASE_FORWARD, PHASE_CLOSING };

struct session {
    unsigned long number;
    enum phase phase;
    struct side client;
    struct side origin;
    struct mock_buf in;     /* bytes of the client that are not used yet */
    struct mock_buf answer; /* the origin's head, as far as it has come */
    struct mock_head head;  /* the request */
    struct mock_body body;
    bool tunnel;
    bool keep;          /* the client's connection, after this request */
    bool answer_begun;  /* a final head went to the client */
    bool answer_framed; /* and says where its body ends */
    double closing_since;
    bool logged_in; /* with NTLM */
    double opened;  /* the tunnel */
    bool spoken;    /* the client has said something in it */
    struct mock_buf type1, type2;
    unsigned char nonce[8];
    uint64_t challenged_at; /* FILETIME */
    unsigned long long bytes_up;
    unsigned long long bytes_down;
};

/* Sends an answer of the proxy's own, and goes on to the next request or to the close.
 */
void session_answer(struct session *s, int status, const char *reason,
                    const char *fields, const char *text);
void session_next(struct session *s);

/* Reads the command line and the rules files; ends the program on an error. */
void proxy_options(int argc, char **argv);
const char *proxy_listen(void);

/* What is to be done with the request s->head. */
void proxy_decide(struct session *s);
/* The request head for the origin. */
void proxy_request(struct session *s, struct mock_buf *out);
/* Bytes of the origin's answer to a request that is no CONNECT. */
void proxy_response(struct session *s, const char *bytes, size_t len);
/*
 * Whether a tunnel is to be broken off: now, in silence, or with the client's first
 * bytes. Then it has been said how, in *reset.
 */
bool proxy_kills(const struct session *s, bool bytes, bool *reset);
/* How long poll() may sleep, in milliseconds, while there are sessions. */
int proxy_patience(void);
/* A line about the session, with --print. */
void proxy_print(const struct session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- mockproxy_ntlm.c ---- */

enum ntlm_verdict { NTLM_CHALLENGED, NTLM_ACCEPTED, NTLM_FAILED };

/* DOMAIN:USER:PASS, the only account there is. */
void ntlm_account(const char *text);
/* Takes a message of the client; appends the base64 of the challenge to the first. */
enum ntlm_verdict ntlm_take(struct session *s, const char *token,
                            struct mock_buf *challenge);

#endif
