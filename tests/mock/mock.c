/*
 * mock: buffers, sockets and messages of the mock programs. See mock.h.
 */
#include "mock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_LIMIT (256 * 1024)

/* ---- buffers ---- */

void mock_add(struct mock_buf *buf, const void *bytes, size_t len)
{
    if (buf->len + len + 1 > buf->capacity) {
        buf->capacity = (buf->len + len + 1) * 2;
        buf->at = realloc(buf->at, buf->capacity);
        if (buf->at == NULL)
            mock_fail("out of memory");
    }
    if (len > 0)
        memcpy(buf->at + buf->len, bytes, len);
    buf->len += len;
    buf->at[buf->len] = '\0';
}

void mock_text(struct mock_buf *buf, const char *text)
{
    mock_add(buf, text, strlen(text));
}

void mock_format(struct mock_buf *buf, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= sizeof(text))
        mock_fail("a text is too long");
    mock_add(buf, text, (size_t)len);
}

void mock_drop(struct mock_buf *buf, size_t len)
{
    if (len == 0)
        return;
    memmove(buf->at, buf->at + len, buf->len - len);
    buf->len -= len;
    buf->at[buf->len] = '\0';
}

void mock_clear(struct mock_buf *buf)
{
    free(buf->at);
    *buf = (struct mock_buf){0};
}

/* ---- heads ---- */

static enum mock_progress head_copy(struct mock_head *head, const struct mock_buf *in)
{
    const char *end = in->len == 0 ? NULL : memmem(in->at, in->len, "\r\n\r\n", 4);

    *head = (struct mock_head){0};
    if (end == NULL)
        return in->len > HEAD_LIMIT ? MOCK_BAD : MOCK_PARTIAL;
    head->size = (size_t)(end - in->at) + 4;
    head->text = strndup(in->at, head->size);
    if (head->text == NULL)
        mock_fail("out of memory");
    return strlen(head->text) == head->size ? MOCK_DONE : MOCK_BAD;
}

enum mock_progress mock_head_request(struct mock_head *head, const struct mock_buf *in)
{
    enum mock_progress progress = head_copy(head, in);
    int used = 0;

    if (progress != MOCK_DONE)
        return progress;
    if (sscanf(head->text, "%31[A-Z] %8191[!-~] HTTP/1.%1d\r%n", head->method,
               head->target, &head->minor, &used) != 3 ||
        used == 0)
        return MOCK_BAD;
    return MOCK_DONE;
}

enum mock_progress mock_head_response(struct mock_head *head, const struct mock_buf *in)
{
    enum mock_progress progress = head_copy(head, in);

    if (progress != MOCK_DONE)
        return progress;
    if (sscanf(head->text, "HTTP/1.%1d %3d", &head->minor, &head->status) != 2)
        return MOCK_BAD;
    return MOCK_DONE;
}

void mock_head_clear(struct mock_head *head)
{
    free(head->text);
    head->text = NULL;
}

bool mock_field(const struct mock_head *head, const char *name, char *text, size_t size)
{
    size_t name_len = strlen(name);

    for (const char *line = strstr(head->text, "\r\n"); line != NULL;
         line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;

        if (strncasecmp(at, name, name_len) != 0 || at[name_len] != ':')
            continue;
        at += name_len + 1;
        at += strspn(at, " \t");
        snprintf(text, size, "%.*s", (int)strcspn(at, "\r"), at);
        return true;
    }
    return false;
}

bool mock_field_has(const struct mock_head *head, const char *name, const char *word)
{
    char value[1024];

    return mock_field(head, name, value, sizeof(value)) &&
           strcasestr(value, word) != NULL;
}

/* ---- bodies ---- */

enum chunk_state { SIZE_LINE, SIZE_REST, DATA, DATA_END, TRAILER };

void mock_body_start(struct mock_body *body, const struct mock_head *head)
{
    char value[64];

    *body = (struct mock_body){0};
    if (mock_field_has(head, "Transfer-Encoding", "chunked"))
        body->chunked = true;
    else if (mock_field(head, "Content-Length", value, sizeof(value)))
        body->left = strtoull(value, NULL, 10);
    body->ended = !body->chunked && body->left == 0;
}

static void size_digit(struct mock_body *body, char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c | 0x20);

    if (at != NULL && c != '\0')
        body->left = body->left * 16 + (uint64_t)(at - digits);
    else if (c == '\n')
        body->state = body->left == 0 ? TRAILER : DATA;
    else
        body->state = SIZE_REST;
    body->line_empty = true;
}

static void chunk_byte(struct mock_body *body, char c)
{
    switch ((enum chunk_state)body->state) {
    case SIZE_LINE:
        size_digit(body, c);
        break;
    case SIZE_REST:
        if (c == '\n')
            body->state = body->left == 0 ? TRAILER : DATA;
        break;
    case DATA:
        break;
    case DATA_END:
        if (c == '\n')
            body->state = SIZE_LINE;
        break;
    case TRAILER:
        if (c == '\n') {
            body->ended = body->line_empty;
            body->line_empty = true;
        } else if (c != '\r') {
            body->line_empty = false;
        }
        break;
    }
}

size_t mock_body_take(struct mock_body *body, const char *bytes, size_t len,
                      struct mock_buf *content)
{
    size_t used = 0;

    while (used < len && !body->ended) {
        if (!body->chunked || body->state == DATA) {
            size_t n = len - used < body->left ? len - used : (size_t)body->left;

            if (content != NULL)
                mock_add(content, bytes + used, n);
            used += n;
            body->left -= n;
            if (body->left == 0) {
                body->state = DATA_END;
                body->ended = !body->chunked;
            }
        } else {
            chunk_byte(body, bytes[used++]);
        }
    }
    return used;
}

/* ---- sockets ---- */

bool mock_address(const char *text, struct sockaddr_in *address)
{
    char host[64];
    int port;
    char rest;

    *address = (struct sockaddr_in){.sin_family = AF_INET};
    if (sscanf(text, "%63[0-9.]:%d%c", host, &port, &rest) != 2 || port < 0 ||
        port > 65535 || inet_pton(AF_INET, host, &address->sin_addr) != 1)
        return false;
    address->sin_port = htons((uint16_t)port);
    return true;
}

static void socket_tune(int fd)
{
    int one = 1;

    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

int mock_listen(const char *text)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (!mock_address(text, &address))
        mock_fail("%s is no address like 127.0.0.1:0", text);
    if (fd < 0)
        mock_fail("socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 512) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        mock_fail("%s: %s", text, strerror(errno));
    socket_tune(fd);
    printf("ready %s:%d\n", inet_ntoa(address.sin_addr), ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int mock_accept(int listener)
{
    int fd = accept(listener, NULL, NULL);

    if (fd >= 0)
        socket_tune(fd);
    return fd;
}

int mock_connect(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0)
        return -1;
    socket_tune(fd);
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
        errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

/* ---- messages ---- */

double mock_now(void)
{
    static struct timespec began;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (began.tv_sec == 0)
        began = now;
    return (double)(now.tv_sec - began.tv_sec) * 1e3 +
           (double)(now.tv_nsec - began.tv_nsec) / 1e6;
}

/*
 * The clock of the day, so that the lines of several programs can be put in order.
 */
void mock_say(const char *format, ...)
{
    struct timespec now;
    struct tm day;
    char clock[16];
    va_list arguments;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &day);
    strftime(clock, sizeof(clock), "%H:%M:%S", &day);
    printf("%s.%03ld ", clock, now.tv_nsec / 1000000);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}

void mock_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    exit(1);
}
