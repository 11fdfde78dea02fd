/*
 * mock: what the mock programs have in common. Nothing of src/ is used here, so that a
 * fault of ccgate's own parser cannot hide behind itself. The programs are tools for
 * tests: they stop with a message where a daemon would go on.
 */
#ifndef CCGATE_TESTS_MOCK_H
#define CCGATE_TESTS_MOCK_H

/* Included first everywhere: memmem() and the like. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A text of bytes that grows. */
struct mock_buf {
    char *at;
    size_t len;
    size_t capacity;
};

void mock_add(struct mock_buf *buf, const void *bytes, size_t len);
void mock_text(struct mock_buf *buf, const char *text);
void mock_format(struct mock_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Removes bytes from the start. */
void mock_drop(struct mock_buf *buf, size_t len);
void mock_clear(struct mock_buf *buf);

/* A message head as text: lines are looked up in it, nothing is kept apart. */
struct mock_head {
    char *text;  /* NUL-terminated copy, with the blank line */
    size_t size; /* bytes of the head */
    char method[32];
    char target[8192];
    int minor;  /* HTTP/1.minor */
    int status; /* of a response */
};

enum mock_progress { MOCK_DONE, MOCK_PARTIAL, MOCK_BAD };

enum mock_progress mock_head_request(struct mock_head *head, const struct mock_buf *in);
enum mock_progress mock_head_response(struct mock_head *head,
                                      const struct mock_buf *in);
void mock_head_clear(struct mock_head *head);

/* The value of the first field of that name into text; false if there is none. */
bool mock_field(const struct mock_head *head, const char *name, char *text,
                size_t size);
/* Whether the field's value has this word, compared without case. */
bool mock_field_has(const struct mock_head *head, const char *name, const char *word);

/* A message body, counted or chunked. */
struct mock_body {
    bool chunked;
    uint64_t left; /* of the body, or of the current chunk */
    int state;     /* of the chunk reader */
    bool line_empty;
    bool bad;
    bool ended;
};

void mock_body_start(struct mock_body *body, const struct mock_head *head);
/*
 * Says how many of the bytes belong to the body, framing included. When content is not
 * NULL, the content alone is appended to it.
 */
size_t mock_body_take(struct mock_body *body, const char *bytes, size_t len,
                      struct mock_buf *content);

/* "127.0.0.1:80"; false if it is none. */
bool mock_address(const char *text, struct sockaddr_in *address);
/* Listens, and prints "ready ADDRESS" on standard output. Ends the program on failure.
 */
int mock_listen(const char *text);
/* A connection, or -1. Non-blocking, without delay. */
int mock_accept(int listener);
/* Starts to connect; -1 on failure. */
int mock_connect(const struct sockaddr_in *address);

/* Milliseconds since the program began. */
double mock_now(void);
/* Prints a line with the time before it, at once. */
void mock_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mock_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
