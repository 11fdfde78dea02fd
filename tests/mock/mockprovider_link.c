/*
 * mockprovider: plain and TLS connections behind one set of calls.
 */
#include "mockprovider.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_CTX *context;

void link_tls(const char *cert, const char *key)
{
    context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_use_certificate_chain_file(context, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        mock_fail("%s, %s: no usable certificate and key", cert, key);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

void link_open(struct link *link, int fd)
{
    *link = (struct link){.fd = fd};
    if (context == NULL)
        return;
    link->tls = SSL_new(context);
    if (link->tls == NULL || SSL_set_fd(link->tls, fd) != 1)
        mock_fail("out of memory");
    SSL_set_accept_state(link->tls);
}

void link_close(struct link *link)
{
    SSL_free(link->tls);
    close(link->fd);
}

static ssize_t tls_result(struct link *link, int n)
{
    int error;

    link->wants_write = false;
    if (n > 0)
        return n;
    error = SSL_get_error(link->tls, n);
    ERR_clear_error();
    if (error == SSL_ERROR_WANT_READ)
        return LINK_AGAIN;
    if (error == SSL_ERROR_WANT_WRITE) {
        link->wants_write = true;
        return LINK_AGAIN;
    }
    return error == SSL_ERROR_ZERO_RETURN ? 0 : LINK_BROKEN;
}

static ssize_t plain_result(ssize_t n)
{
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? LINK_AGAIN : LINK_BROKEN;
}

ssize_t link_handshake(struct link *link)
{
    ssize_t n;

    if (link->tls == NULL)
        return 0;
    n = tls_result(link, SSL_do_handshake(link->tls));
    if (n == LINK_AGAIN)
        return LINK_AGAIN;
    return n > 0 ? 0 : LINK_BROKEN;
}

ssize_t link_read(struct link *link, void *bytes, size_t size)
{
    if (link->tls == NULL)
        return plain_result(recv(link->fd, bytes, size, 0));
    return tls_result(link, SSL_read(link->tls, bytes, (int)size));
}

ssize_t link_write(struct link *link, const void *bytes, size_t len)
{
    if (link->tls == NULL)
        return plain_result(send(link->fd, bytes, len, MSG_NOSIGNAL));
    return tls_result(link, SSL_write(link->tls, bytes, (int)len));
}

void link_finish(struct link *link)
{
    if (link->tls != NULL)
        SSL_shutdown(link->tls);
    ERR_clear_error();
    shutdown(link->fd, SHUT_WR);
}
