/*
 * client: finds admin sockets and asks them. See client.h.
 */
#include "admin/client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/netaddr.h"
#include "http/head.h"

enum { WAIT_SECONDS = 5, LONG_SECONDS = 120 };

/* ---- one request ---- */

/* A connected socket or -errno. */
static int dial(const char *path)
{
    struct timeval limit = {.tv_sec = WAIT_SECONDS};
    struct netaddr addr;
    int error;
    int fd;

    if (!netaddr_from_path(&addr, span_of(path)))
        return -ENAMETOOLONG;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
        connect(fd, &addr.u.sa, addr.len) == 0)
        return fd;
    error = errno;
    close(fd);
    return error == EAGAIN ? -ETIMEDOUT : -error;
}

static int send_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        bytes = span_skip(bytes, (size_t)n);
    }
    return 0;
}

/* Everything up to the end of the stream. */
static int receive_all(int fd, struct buf *bytes)
{
    for (;;) {
        int error = buf_reserve(bytes, 1);
        ssize_t n;

        if (error != 0)
            return error;
        n = recv(fd, buf_tail(bytes), buf_room(bytes), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        if (n == 0)
            return 0;
        buf_commit(bytes, (size_t)n);
    }
}

/* The status, with the answer's body left in bytes. */
static int take_answer(struct buf *bytes)
{
    const struct head_field *length;
    uint64_t expected = 0;
    struct head head;
    int result = -EPROTO;

    head_init(&head);
    if (bytes->len == 0 ||
        head_read_response(&head, bytes->data + bytes->start, bytes->len) != HEAD_DONE)
        goto out;
    length = head_find(&head, SPAN("Content-Length"));
    if (length == NULL || !span_to_u64(length->value, &expected))
        goto out;
    result = head.status;
    buf_consume(bytes, head.size);
    if (bytes->len != expected)
        result = -EPROTO;
out:
    head_clear(&head);
    return result;
}

static int wait_longer(int fd)
{
    struct timeval limit = {.tv_sec = LONG_SECONDS};

    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 ? 0
                                                                               : -errno;
}

/* A reload may run commands; a decision waits for a script. */
static bool takes_its_time(struct span target)
{
    return span_equal(target, SPAN("/reload")) ||
           span_ends_nocase(target, SPAN("/trace"));
}

int client_request(const char *path, const char *method, const char *target,
                   struct buf *body)
{
    struct buf request;
    int result;
    int fd = dial(path);

    if (fd < 0)
        return fd;
    buf_init(&request, 1024);
    result = buf_printf(&request,
                        "%s %s HTTP/1.1\r\nHost: ccgate\r\nContent-Length: 0\r\n"
                        "Connection: close\r\n\r\n",
                        method, target);
    if (result == 0)
        result = send_all(fd, buf_span(&request));
    if (result == 0 && takes_its_time(span_of(target)))
        result = wait_longer(fd);
    if (result == 0)
        result = receive_all(fd, body);
    if (result == 0)
        result = take_answer(body);
    buf_clear(&request);
    close(fd);
    return result;
}

/* ---- finding ---- */

static bool answers(const char *path)
{
    int fd = dial(path);

    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_instance(struct client_instances *instances, const char *folder,
                         struct span file)
{
    char **grown =
        realloc(instances->path, (instances->count + 1) * sizeof(*instances->path));
    struct buf path;
    char *text = NULL;

    if (grown == NULL)
        return false;
    instances->path = grown;
    buf_init(&path, 4096);
    if (buf_printf(&path, "%s/%.*s", folder, SPAN_ARG(file)) == 0)
        text = span_dup(buf_span(&path));
    buf_clear(&path);
    if (text == NULL)
        return false;
    if (answers(text))
        instances->path[instances->count++] = text;
    else
        free(text);
    return true;
}

bool client_is_draining(const char *path)
{
    const char *slash = strrchr(path, '/');

    return span_starts(span_of(slash != NULL ? slash + 1 : path), SPAN(ADMIN_DRAINING));
}

/* "3128.sock", "ccgate.sock" or "draining-PID.sock"; or only that of name. */
static bool is_admin_socket(struct span file, const char *name)
{
    uint64_t port;

    if (!span_ends_nocase(file, SPAN(".sock")))
        return false;
    file.len -= strlen(".sock");
    if (name != NULL)
        return span_equal(file, span_of(name));
    if (span_starts(file, SPAN(ADMIN_DRAINING)))
        file = span_skip(file, strlen(ADMIN_DRAINING));
    return span_to_u64(file, &port) || span_equal(file, SPAN("ccgate"));
}

/* Somebody else's folder could hold a socket that tells us anything. */
static bool folder_is_ours(int fd, const char *folder, struct buf *messages)
{
    struct stat st;

    if (fstat(fd, &st) == 0 &&
        (st.st_uid == geteuid() || st.st_uid == 0 || geteuid() == 0))
        return true;
    (void)buf_printf(messages, "%s: this folder belongs to another user\n", folder);
    return false;
}

static DIR *open_folder(const char *folder, struct buf *messages)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream;

    if (fd < 0) {
        if (errno != ENOENT)
            (void)buf_printf(messages, "%s: %s\n", folder, strerror(errno));
        return NULL;
    }
    stream = folder_is_ours(fd, folder, messages) ? fdopendir(fd) : NULL;
    if (stream == NULL)
        close(fd);
    return stream;
}

bool client_find(struct client_instances *instances, const char *runtime_dir,
                 const char *name, struct buf *messages)
{
    const struct dirent *entry;
    size_t said = messages->len;
    DIR *folder;
    bool found = true;

    *instances = (struct client_instances){NULL, 0};
    folder = open_folder(runtime_dir, messages);
    if (folder == NULL)
        return messages->len == said;
    while (found && (entry = readdir(folder)) != NULL)
        if (is_admin_socket(span_of(entry->d_name), name))
            found = add_instance(instances, runtime_dir, span_of(entry->d_name));
    closedir(folder);
    if (!found)
        (void)buf_append_text(messages, "memory is out\n");
    else if (instances->count > 1)
        qsort(instances->path, instances->count, sizeof(*instances->path),
              compare_paths);
    return found;
}

void client_instances_clear(struct client_instances *instances)
{
    for (size_t i = 0; i < instances->count; i++)
        free(instances->path[i]);
    free(instances->path);
    *instances = (struct client_instances){NULL, 0};
}
