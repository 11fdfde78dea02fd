/*
 * ledger_key: what a login is called in the state file. See ledger.h.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "auth/ledger.h"
#include "config/secret.h"

enum { ROUNDS = 200000 }; /* of PBKDF2: about 0.1 s */

/* Directories compare names without case, so another spelling is no other account. */
static int put_folded(struct buf *out, const char *text)
{
    struct span s = span_of(text);
    int error = 0;

    for (size_t i = 0; i < s.len && !error; i++) {
        char c = s.at[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        error = buf_append(out, &c, 1);
    }
    return error;
}

bool ledger_key(const unsigned char salt[LEDGER_SALT], struct span secret,
                const char *user, const char *domain, unsigned char key[LEDGER_KEY])
{
    unsigned char slow[LEDGER_KEY];
    unsigned int len = LEDGER_KEY;
    struct buf account;
    bool ok = false;

    buf_init(&account, SIZE_MAX / 2);
    if (put_folded(&account, user) == 0 && buf_append(&account, "", 1) == 0 &&
        put_folded(&account, domain) == 0)
        ok = PKCS5_PBKDF2_HMAC(secret.at == NULL ? "" : secret.at, (int)secret.len,
                               salt, LEDGER_SALT, ROUNDS, EVP_sha256(), LEDGER_KEY,
                               slow) == 1 &&
             HMAC(EVP_sha256(), slow, LEDGER_KEY, (unsigned char *)account.data,
                  account.len, key, &len) != NULL;
    secret_wipe(slow, sizeof(slow));
    buf_clear(&account);
    return ok;
}
