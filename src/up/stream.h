/*
 * stream: one connection as bytes in two directions, plain or TLS, on the loop.
 *
 * A stream owns its descriptor. Bytes that were read too far are pushed back by
 * stream_unread() and come first. Writes are tried first; STREAM_WRITE is asked for
 * only after -EAGAIN.
 */
#ifndef CCGATE_UP_STREAM_H
#define CCGATE_UP_STREAM_H

#include <sys/types.h>

#include "base/loop.h"
#include "base/span.h"

enum { STREAM_READ = WATCH_READ, STREAM_WRITE = WATCH_WRITE };

struct stream;

typedef void stream_callback(void *ctx, unsigned events);

/*
 * What lies between the stream and the socket. Functions return a byte count, 0 for the
 * end (read) or success (shutdown), -EAGAIN, or another negative errno.
 */
struct stream_layer {
    ssize_t (*read)(void *state, void *bytes, size_t n);
    ssize_t (*write)(void *state, const void *bytes, size_t n);
    int (*shutdown)(void *state);
    bool (*pending)(void *state);     /* bytes can be read without the socket */
    bool (*quiet)(void *state);       /* nothing to read, no end, no error; takes what
                                         is the layer's own */
    unsigned (*crossed)(void *state); /* events needed by the other direction, or 0 */
    void (*free)(void *state);
};

/* Takes fd (non-blocking). NULL with errno set leaves it with the caller. */
struct stream *stream_new(struct loop *loop, int fd);

/* Puts a layer on a stream; its state is freed with the stream. 0 or -ENOMEM. */
int stream_set_layer(struct stream *stream, const struct stream_layer *layer,
                     void *state);

/*
 * Takes what is above the socket away from the stream, layer and pushed-back bytes, so
 * that another layer can be put over it. Read and write as the stream's own do; crossed
 * and pending as a layer's. The stream must outlive it. NULL when memory is out.
 */
struct stream_below;
struct stream_below *stream_take_below(struct stream *stream);
ssize_t stream_below_read(struct stream_below *below, void *bytes, size_t n);
ssize_t stream_below_write(struct stream_below *below, const void *bytes, size_t n);
unsigned stream_below_crossed(struct stream_below *below);
int stream_below_shutdown(struct stream_below *below);
void stream_below_free(struct stream_below *below); /* NULL-safe */

/* Whether bytes or a layer are above the socket. */
bool stream_is_layered(const struct stream *stream);

void stream_on_event(struct stream *stream, stream_callback *callback, void *ctx);

/*
 * Watches for these events; 0 pauses. Readiness is level-triggered for the caller even
 * where bytes wait above the socket (unread, TLS).
 */
void stream_want(struct stream *stream, unsigned events);

/* > 0 bytes, 0 end of the stream, -EAGAIN, or a negative errno. */
ssize_t stream_read(struct stream *stream, void *bytes, size_t n);
ssize_t stream_write(struct stream *stream, const void *bytes, size_t n);

/* Ends our direction: FIN, or close_notify and FIN. 0, -EAGAIN (wants WRITE), -errno.
 */
int stream_shutdown(struct stream *stream);

/* Pushes bytes back in front. 0 or -ENOMEM. */
int stream_unread(struct stream *stream, struct span bytes);

/* The descriptor for splice(2), or -1 while bytes wait above it or TLS is spoken. */
int stream_splice_fd(const struct stream *stream);

int stream_fd(const struct stream *stream);

/*
 * Whether an idle, kept connection is still usable: nothing to read, no end, no error.
 */
bool stream_is_quiet(struct stream *stream);

/* Whether the peer has ended the connection, as far as all before that was read. */
bool stream_has_ended(const struct stream *stream);

/* NULL-safe. */
void stream_close(struct stream *stream);

/* Closes with RST, to pass an abort on. NULL-safe. */
void stream_abort(struct stream *stream);

#endif
