/*
 * ntlm_message: the three messages of NTLMv2 (MS-NLMP section 2.2.1), as bytes. No
 * NTLMv1 and no LM in any case. Pure: no clock, no random numbers.
 */
#ifndef CCGATE_AUTH_NTLM_MESSAGE_H
#define CCGATE_AUTH_NTLM_MESSAGE_H

#include "base/buf.h"
#include "config/config.h"

enum {
    NTLM_TYPE1_SIZE = 40,
    NTLM_NONCE_SIZE = 8,
    NTLM_HASH_SIZE = 16,
    NTLM_CHALLENGE_LIMIT = 32 * 1024, /* bytes of a Type 2 message at most */
};

/* Appends Type 1, which is always the same. 0 or the error of buf_append(). */
int ntlm_type1(struct buf *out);

/* A Type 2 message, taken apart. The spans point into it. */
struct ntlm_challenge {
    struct span message;
    uint32_t flags;
    unsigned char nonce[NTLM_NONCE_SIZE];
    struct span pairs; /* the AV pairs of TargetInfo, without the one that ends them */
    bool has_time;
    uint64_t time; /* FILETIME: 100 ns since 1601 */
};

/*
 * Reads Type 2. Returns NULL, or what is wrong with it as a sentence fragment ("is
 * truncated"): also when it cannot be answered with NTLMv2 or in Unicode.
 */
const char *ntlm_challenge_parse(struct ntlm_challenge *challenge, struct span message);

/* What Type 3 is made of besides the challenge. Texts are UTF-8. */
struct ntlm_answer {
    struct span type1; /* as it was sent: its flags are what was offered */
    struct span user;
    struct span domain;
    struct span workstation;
    struct span password; /* or, by its type, the 16 bytes of a hash */
    enum config_password password_type;
    struct span target;                   /* "HTTP/wp1.corp"; empty: not told */
    const unsigned char *binding;         /* NTLM_HASH_SIZE bytes, zeros without TLS;
                                             NULL: not told */
    unsigned char nonce[NTLM_NONCE_SIZE]; /* random */
    uint64_t time;                        /* counts when the challenge has none */
    bool mic; /* protects the three messages; due when the challenge has a time */
};

/* 0, or -ENOTSUP: this system refuses MD5 (FIPS mode), without which there is no NTLM.
 */
int ntlm_possible(void);

/*
 * The channel binding for tls-server-end-point: what MS-NLMP section 2.2.2.1 makes of
 * the hash of the server's certificate; zeros for an empty one. 0 or -ENOTSUP.
 */
int ntlm_binding(struct span end_point, unsigned char binding[NTLM_HASH_SIZE]);

/*
 * NTOWFv2 (section 3.3.2), which is as good as the password. Errors as below; -EINVAL
 * also for a hash of another length.
 */
int ntlm_key(const struct ntlm_answer *answer, unsigned char key[NTLM_HASH_SIZE]);

/*
 * Appends Type 3. Nothing in it is worth more than the answer itself; all that is
 * worked with is wiped. 0; -EINVAL for a text that is no UTF-8; -ENOTSUP where MD5 is
 * refused (FIPS); -EMSGSIZE, -ENOMEM.
 */
int ntlm_type3(struct buf *out, const struct ntlm_challenge *challenge,
               const struct ntlm_answer *answer);

#endif
