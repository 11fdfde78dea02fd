/*
 * token68: base64 behind a scheme's name. See token68.h.
 */
#include "auth/token68.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

int token68_put(struct buf *out, const char *scheme, struct span message)
{
    size_t encoded = (message.len + 2) / 3 * 4;
    int error = buf_reserve(out, strlen(scheme) + 1 + encoded + 1);

    if (error)
        return error;
    buf_append_text(out, scheme);
    buf_append(out, " ", 1);
    (void)EVP_EncodeBlock((unsigned char *)buf_tail(out),
                          (const unsigned char *)message.at, (int)message.len);
    buf_commit(out, encoded);
    return 0;
}

int token68_get(struct buf *out, struct span text)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t padding = 0;
    int error, size;

    while (padding < 2 && padding < text.len && text.at[text.len - 1 - padding] == '=')
        padding++;
    if (text.len == 0 || text.len % 4 != 0)
        return -EINVAL;
    for (size_t i = 0; i < text.len - padding; i++)
        if (text.at[i] == '\0' || strchr(digits, text.at[i]) == NULL)
            return -EINVAL;
    error = buf_reserve(out, text.len / 4 * 3);
    if (error)
        return error;
    size = EVP_DecodeBlock((unsigned char *)buf_tail(out),
                           (const unsigned char *)text.at, (int)text.len);
    if (size < (int)padding)
        return -EINVAL;
    buf_commit(out, (size_t)size - padding);
    return 0;
}
