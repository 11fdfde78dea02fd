/*
 * tls_bio: see tls_bio.h.
 */
#include "up/tls_bio.h"

#include <errno.h>

static int bio_result(BIO *bio, ssize_t n)
{
    BIO_clear_retry_flags(bio);
    if (n >= 0)
        return (int)n;
    errno = (int)-n;
    return -1;
}

static int bio_read(BIO *bio, char *bytes, int n)
{
    ssize_t got = stream_below_read(BIO_get_data(bio), bytes, (size_t)n);
    int result = bio_result(bio, got);

    if (got == -EAGAIN)
        BIO_set_retry_read(bio);
    else if (got == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return result;
}

static int bio_write(BIO *bio, const char *bytes, int n)
{
    ssize_t put = stream_below_write(BIO_get_data(bio), bytes, (size_t)n);
    int result = bio_result(bio, put);

    if (put == -EAGAIN)
        BIO_set_retry_write(bio);
    return result;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    default:
        return 0;
    }
}

static int bio_destroy(BIO *bio)
{
    stream_below_free(BIO_get_data(bio));
    return 1;
}

/* Made once, for as long as the process lives. */
static const BIO_METHOD *method(void)
{
    static BIO_METHOD *made;

    if (made != NULL)
        return made;
    made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
    if (made == NULL)
        return NULL;
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    BIO_meth_set_destroy(made, bio_destroy);
    return made;
}

BIO *tls_bio_new(struct stream_below *below)
{
    const BIO_METHOD *by = method();
    BIO *bio = by != NULL ? BIO_new(by) : NULL;

    if (bio == NULL)
        return NULL;
    BIO_set_data(bio, below);
    BIO_set_init(bio, 1);
    return bio;
}
