/*
 * tls_token_engine: reads a token by libp11's engine, whose commands these are. See
 * tls_token.h.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "up/tls_token.h"

#include <openssl/engine.h>
#include <openssl/ui.h>

static ENGINE *engine;
static UI_METHOD *method; /* the engine remembers it: else it would ask on a terminal */

bool tls_token_is_there(void)
{
    if (engine == NULL)
        engine = ENGINE_by_id("pkcs11");
    return engine != NULL;
}

static bool begin(pem_password_cb *ask, void *ctx)
{
    if (method == NULL) {
        method = UI_UTIL_wrap_read_pem_callback(ask, 0);
        if (method == NULL || ENGINE_init(engine) != 1)
            return false;
    }
    return ENGINE_ctrl_cmd(engine, "SET_USER_INTERFACE", 0, method, NULL, 0) == 1 &&
           ENGINE_ctrl_cmd(engine, "SET_CALLBACK_DATA", 0, ctx, NULL, 0) == 1 &&
           ENGINE_ctrl_cmd(engine, "QUIET", 0, NULL, NULL, 0) == 1;
}

void tls_token_read(const char *uri, pem_password_cb *ask, void *ctx,
                    X509 **certificate, EVP_PKEY **key)
{
    struct {
        const char *uri;
        X509 *found;
    } wanted = {.uri = uri};

    if (!begin(ask, ctx))
        return;
    if (key != NULL)
        *key = ENGINE_load_private_key(engine, uri, method, ctx);
    if (certificate != NULL && (key == NULL || *key != NULL)) {
        (void)ENGINE_ctrl_cmd(engine, "LOAD_CERT_CTRL", 0, &wanted, NULL, 0);
        *certificate = wanted.found;
    }
    (void)ENGINE_ctrl_cmd(engine, "SET_CALLBACK_DATA", 0, NULL, NULL, 0);
}
