/*
 * mockproxy_ntlm: the proxy's side of NTLMv2 (MS-NLMP), for one account. It insists on
 * all that a strict server may: zeros for LM, the server's time, a message integrity
 * code, a target name. ASCII only. Written apart from src/auth on purpose.
 */
#include "mockproxy.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned char byte;

static struct {
    char domain[64];
    char user[64];
    char password[128];
} account;

void ntlm_account(const char *text)
{
    if (sscanf(text, "%63[^:]:%63[^:]:%127[^\n]", account.domain, account.user,
               account.password) != 3)
        mock_fail("--auth wants ntlm:DOMAIN:USER:PASS");
}

/* ---- MD4 (RFC 1320), for texts of less than a block ---- */

#define ROL(v, n)                      ((v) << (n) | (v) >> (32 - (n)))
#define F(x, y, z)                     (((x) & (y)) | (~(x) & (z)))
#define G(x, y, z)                     (((x) & (y)) | ((x) & (z)) | ((y) & (z)))
#define H(x, y, z)                     ((x) ^ (y) ^ (z))
#define STEP(f, a, b, c, d, k, s, add) a = ROL((a) + f(b, c, d) + x[k] + (add), s)

static void md4_block(uint32_t h[4], const byte *at)
{
    static const int third[4] = {0, 2, 1, 3};
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], x[16];

    for (int i = 0; i < 16; i++)
        x[i] = at[4 * i] | (uint32_t)at[4 * i + 1] << 8 |
               (uint32_t)at[4 * i + 2] << 16 | (uint32_t)at[4 * i + 3] << 24;
    for (int i = 0; i < 16; i += 4) {
        STEP(F, a, b, c, d, i, 3, 0);
        STEP(F, d, a, b, c, i + 1, 7, 0);
        STEP(F, c, d, a, b, i + 2, 11, 0);
        STEP(F, b, c, d, a, i + 3, 19, 0);
    }
    for (int i = 0; i < 4; i++) {
        STEP(G, a, b, c, d, i, 3, 0x5a827999u);
        STEP(G, d, a, b, c, i + 4, 5, 0x5a827999u);
        STEP(G, c, d, a, b, i + 8, 9, 0x5a827999u);
        STEP(G, b, c, d, a, i + 12, 13, 0x5a827999u);
    }
    for (int i = 0; i < 4; i++) {
        STEP(H, a, b, c, d, third[i], 3, 0x6ed9eba1u);
        STEP(H, d, a, b, c, third[i] + 8, 9, 0x6ed9eba1u);
        STEP(H, c, d, a, b, third[i] + 4, 11, 0x6ed9eba1u);
        STEP(H, b, c, d, a, third[i] + 12, 15, 0x6ed9eba1u);
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
}

static void md4_of(const byte *text, size_t len, byte digest[16])
{
    uint32_t h[4] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u};
    byte padded[512] = {0};
    size_t blocks = (len + 8) / 64 + 1;

    memcpy(padded, text, len);
    padded[len] = 0x80;
    padded[64 * blocks - 8] = (byte)(len * 8 & 255);
    padded[64 * blocks - 7] = (byte)(len * 8 >> 8);
    for (size_t i = 0; i < blocks; i++)
        md4_block(h, padded + 64 * i);
    for (int i = 0; i < 16; i++)
        digest[i] = (byte)(h[i / 4] >> 8 * (i % 4));
}

/* ---- pieces ---- */

static size_t widen(const char *text, byte *wide)
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        wide[n++] = (byte)*text;
        wide[n++] = 0;
    }
    return n;
}

static void number_add(struct mock_buf *out, uint64_t value, int size)
{
    for (; size > 0; size--, value >>= 8)
        mock_add(out, &(byte){(byte)(value & 255)}, 1);
}

static uint64_t number_at(const struct mock_buf *in, size_t at, int size)
{
    uint64_t value = 0;

    while (size-- > 0)
        value = value << 8 | (byte)in->at[at + (size_t)size];
    return value;
}

static void pair_add(struct mock_buf *out, unsigned id, const void *bytes, size_t len)
{
    number_add(out, id, 2);
    number_add(out, len, 2);
    mock_add(out, bytes, len);
}

static void base64_add(struct mock_buf *out, const struct mock_buf *bytes)
{
    byte text[4096];

    if (bytes->len > sizeof(text) / 4 * 3 - 4)
        mock_fail("a message is too long");
    EVP_EncodeBlock(text, (const byte *)bytes->at, (int)bytes->len);
    mock_text(out, (const char *)text);
}

static bool base64_read(struct mock_buf *out, const char *text)
{
    size_t len = strlen(text);
    byte *bytes = malloc(len + 4);
    int n = bytes == NULL ? -1 : EVP_DecodeBlock(bytes, (const byte *)text, (int)len);

    for (size_t i = len; n > 0 && i > 0 && text[i - 1] == '='; i--)
        n--;
    if (n > 0)
        mock_add(out, bytes, (size_t)n);
    free(bytes);
    return n > 0;
}

/* ---- the challenge ---- */

static void make_challenge(struct session *s)
{
    struct mock_buf pairs = {0};
    byte wide[128];
    uint64_t now = ((uint64_t)time(NULL) + 11644473600u) * 10000000u;
    size_t len = widen(account.domain, wide);

    pair_add(&pairs, 2, wide, len);
    pair_add(&pairs, 1, wide, widen("MOCKPROXY", wide));
    pair_add(&pairs, 4, "", 0);
    number_add(&pairs, 7, 2);
    number_add(&pairs, 8, 2);
    number_add(&pairs, now, 8);
    pair_add(&pairs, 0, "", 0);
    if (RAND_bytes(s->nonce, sizeof(s->nonce)) != 1)
        mock_fail("no random numbers");
    mock_clear(&s->type2);
    mock_add(&s->type2, "NTLMSSP", 8);
    number_add(&s->type2, 2, 4);
    number_add(&s->type2, 0, 4);
    number_add(&s->type2, 48, 4);
    number_add(&s->type2, 0x008a8205, 4);
    mock_add(&s->type2, s->nonce, 8);
    number_add(&s->type2, 0, 8);
    number_add(&s->type2, pairs.len | pairs.len << 16, 4);
    number_add(&s->type2, 48, 4);
    mock_add(&s->type2, pairs.at, pairs.len);
    s->challenged_at = now;
    mock_clear(&pairs);
}

/* ---- the answer ---- */

struct view {
    const byte *at;
    size_t len;
};

static bool field_at(const struct mock_buf *message, size_t at, struct view *view)
{
    size_t offset = number_at(message, at + 4, 4);

    view->len = number_at(message, at, 2);
    if (offset > message->len || view->len > message->len - offset)
        return false;
    view->at = (const byte *)message->at + offset;
    return true;
}

static bool is_text(struct view view, const char *text)
{
    if (view.len != 2 * strlen(text))
        return false;
    for (size_t i = 0; i < view.len; i += 2)
        if (view.at[i + 1] != 0 ||
            strncasecmp((const char *)&view.at[i], text + i / 2, 1) != 0)
            return false;
    return true;
}

static void hmac(const byte key[16], const void *data, size_t len, byte out[16])
{
    if (HMAC(EVP_md5(), key, 16, data, len, out, NULL) == NULL)
        mock_fail("there is no HMAC-MD5");
}

/* NTOWFv2, with the user in capitals and the domain as the client writes it. */
static void key_of(struct view domain, byte key[16])
{
    byte wide[512], hash[16];
    char user[64];
    size_t n;

    n = widen(account.password, wide);
    md4_of(wide, n, hash);
    for (n = 0; account.user[n] != '\0'; n++)
        user[n] = account.user[n] >= 'a' && account.user[n] <= 'z'
                      ? (char)(account.user[n] - 32)
                      : account.user[n];
    user[n] = '\0';
    n = widen(user, wide);
    memcpy(wide + n, domain.at, domain.len);
    hmac(hash, wide, n + domain.len, key);
}

/* What a strict server wants to find among the pairs; NULL, or what is missing. */
static const char *pairs_wrong(const struct session *s, struct view pairs)
{
    bool mic = false, target = false, binding = false, in_time = false;

    while (pairs.len >= 4) {
        unsigned id = pairs.at[0] | (unsigned)pairs.at[1] << 8;
        size_t len = pairs.at[2] | (size_t)pairs.at[3] << 8;
        uint64_t then = 0;

        if (len > pairs.len - 4)
            return "broken pairs";
        for (size_t i = len; id == 7 && i > 0; i--)
            then = then << 8 | pairs.at[4 + i - 1];
        mic = mic || (id == 6 && len == 4 && (pairs.at[4] & 2) != 0);
        target = target || (id == 9 && len > 10 && pairs.at[4] == 'H');
        binding = binding || (id == 10 && len == 16);
        in_time = in_time || (id == 7 && then == s->challenged_at);
        pairs = (struct view){pairs.at + 4 + len, pairs.len - 4 - len};
        if (id == 0)
            break;
    }
    return !mic       ? "no MIC is announced"
           : !target  ? "no target name"
           : !binding ? "no channel binding"
           : !in_time ? "not the time of the challenge"
                      : NULL;
}

static bool mic_is_right(const struct session *s, const struct mock_buf *type3,
                         const byte session_key[16])
{
    struct mock_buf all = {0};
    byte mic[16];

    mock_add(&all, s->type1.at, s->type1.len);
    mock_add(&all, s->type2.at, s->type2.len);
    mock_add(&all, type3->at, type3->len);
    memset(all.at + s->type1.len + s->type2.len + 72, 0, 16);
    hmac(session_key, all.at, all.len, mic);
    mock_clear(&all);
    return memcmp(mic, type3->at + 72, 16) == 0;
}

/* NULL if the login is good. */
static const char *answer_wrong(const struct session *s, const struct mock_buf *type3)
{
    struct view lm, nt, domain, user;
    byte key[16], proof[16], session_key[16];
    struct mock_buf text = {0};
    const char *wrong;

    if (type3->len < 88 || !field_at(type3, 12, &lm) || !field_at(type3, 20, &nt) ||
        !field_at(type3, 28, &domain) || !field_at(type3, 36, &user))
        return "broken message";
    if (lm.len != 24 || lm.at[0] != 0 || memcmp(lm.at, lm.at + 1, 23) != 0)
        return "an LM response";
    if (nt.len < 48)
        return "no NTLMv2 response";
    if (!is_text(user, account.user) || !is_text(domain, account.domain))
        return "unknown user";
    wrong = pairs_wrong(s, (struct view){nt.at + 44, nt.len - 44});
    if (wrong != NULL)
        return wrong;
    key_of(domain, key);
    mock_add(&text, s->nonce, 8);
    mock_add(&text, nt.at + 16, nt.len - 16);
    hmac(key, text.at, text.len, proof);
    mock_clear(&text);
    if (memcmp(proof, nt.at, 16) != 0)
        return "wrong password";
    hmac(key, proof, 16, session_key);
    return mic_is_right(s, type3, session_key) ? NULL : "wrong MIC";
}

/* ---- the legs ---- */

enum ntlm_verdict ntlm_take(struct session *s, const char *token,
                            struct mock_buf *challenge)
{
    struct mock_buf message = {0};
    enum ntlm_verdict verdict = NTLM_FAILED;
    const char *wrong = "no NTLM message";

    if (base64_read(&message, token) && message.len >= 16 &&
        memcmp(message.at, "NTLMSSP", 8) == 0) {
        if (message.at[8] == 1) {
            mock_clear(&s->type1);
            mock_add(&s->type1, message.at, message.len);
            make_challenge(s);
            base64_add(challenge, &s->type2);
            verdict = NTLM_CHALLENGED;
        } else if (message.at[8] == 3 && s->type2.len > 0) {
            wrong = answer_wrong(s, &message);
            verdict = wrong == NULL ? NTLM_ACCEPTED : NTLM_FAILED;
            mock_clear(&s->type2); /* one answer to a challenge */
        }
    }
    if (verdict == NTLM_FAILED)
        proxy_print(s, "NTLM: %s", wrong);
    mock_clear(&message);
    return verdict;
}
