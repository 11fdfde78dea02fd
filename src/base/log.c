/*
 * log: lines for the sink. See log.h.
 *
 * Lines are formatted straight into one buffer. It is written when the loop is about to
 * sleep, when it is nearly full, and at once for warnings, errors and terminals. A sink
 * that takes nothing never blocks: what does not fit any more is dropped as whole
 * lines, counted, and reported once the sink takes lines again.
 */
#include <syslog.h>

/* syslog.h and log.h both want these names. */
enum { SYSLOG_INFO = LOG_INFO, SYSLOG_DEBUG = LOG_DEBUG };
#undef LOG_INFO
#undef LOG_DEBUG

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log_line.h"

#define BUFFER_SIZE (64 * 1024)
#define PIPE_CHUNK  4096 /* POLLOUT promises that a pipe takes this much (PIPE_BUF) */

enum sink { SINK_STDERR, SINK_FILE, SINK_SYSLOG };

static struct {
    enum sink sink;
    enum log_format format;
    enum log_level level;
    int fd;
    char *path;    /* SINK_FILE */
    bool examined; /* regular and terminal are known */
    bool regular;  /* a file on disk: writing does not wait for a reader */
    bool terminal;
    uint64_t lost; /* lines dropped since the last report */
    size_t used;
    char buffer[BUFFER_SIZE];
} state = {.level = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

static void examine(void)
{
    struct stat st;

    if (state.examined)
        return;
    state.examined = true;
    state.regular = fstat(state.fd, &st) == 0 && S_ISREG(st.st_mode);
    state.terminal = isatty(state.fd) == 1;
}

static ssize_t write_some(const char *bytes, size_t n)
{
    struct pollfd ready = {.fd = state.fd, .events = POLLOUT};
    ssize_t written;

    if (!state.regular) {
        if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)
            return -1;
        if (n > PIPE_CHUNK)
            n = PIPE_CHUNK;
    }
    do
        written = write(state.fd, bytes, n);
    while (written < 0 && errno == EINTR);
    return written;
}

/* What the sink does not take stays in the buffer. */
static void drain(void)
{
    size_t done = 0;

    examine();
    while (done < state.used) {
        ssize_t n = write_some(state.buffer + done, state.used - done);

        if (n <= 0)
            break;
        done += (size_t)n;
    }
    state.used -= done;
    memmove(state.buffer, state.buffer + done, state.used);
}

static void report_lost(void)
{
    struct log_field fields[] = {LOG_INT("n", state.lost), {0}};

    state.lost = 0;
    state.used = log_line(state.buffer, LOG_LINE_MAX, state.format, LOG_STAMPED,
                          LOG_LEVEL_WARN, "log_lost", fields);
    drain();
}

static void flush(void)
{
    if (state.used > 0)
        drain();
    if (state.used == 0 && state.lost > 0)
        report_lost();
}

void log_flush(void)
{
    int error = errno;

    flush();
    errno = error;
}

static int open_file(const char *path)
{
    /* O_NONBLOCK: a FIFO without a reader must not hold us. */
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = open(path, flags, 0600);

    return fd < 0 ? -errno : fd;
}

/* What the old sink did not take is of no use to the next one: it may begin mid-line.
 */
static void drop_buffer(void)
{
    for (size_t i = 0; i < state.used; i++)
        state.lost += state.buffer[i] == '\n';
    state.used = 0;
}

static void leave_sink(void)
{
    flush();
    drop_buffer();
    if (state.sink == SINK_FILE)
        (void)close(state.fd);
    else if (state.sink == SINK_SYSLOG)
        closelog();
    free(state.path);
    state.path = NULL;
    state.examined = false;
    state.sink = SINK_STDERR;
    state.fd = STDERR_FILENO;
}

int log_open(const struct log_options *options)
{
    char *path = NULL;
    int fd = STDERR_FILENO;
    enum sink sink = SINK_FILE;

    if (strcmp(options->to, "stderr") == 0) {
        sink = SINK_STDERR;
    } else if (strcmp(options->to, "syslog") == 0) {
        sink = SINK_SYSLOG;
    } else {
        fd = open_file(options->to);
        if (fd < 0)
            return fd;
        path = strdup(options->to);
        if (path == NULL) {
            (void)close(fd);
            return -ENOMEM;
        }
    }
    leave_sink();
    state.sink = sink;
    state.fd = fd;
    state.path = path;
    state.format = options->format;
    state.level = options->level;
    if (sink == SINK_SYSLOG)
        openlog("ccgate", LOG_PID | LOG_NDELAY, LOG_DAEMON);
    return 0;
}

int log_reopen(void)
{
    int fd;

    if (state.sink != SINK_FILE)
        return 0;
    fd = open_file(state.path);
    if (fd < 0)
        return fd;
    flush();
    (void)close(state.fd);
    state.fd = fd;
    state.examined = false;
    return 0;
}

void log_close(void)
{
    leave_sink();
    state.format = LOG_FORMAT_TEXT;
    state.level = LOG_LEVEL_INFO;
    state.lost = 0;
}

bool log_enabled(enum log_level level)
{
    return level <= state.level;
}

static void write_syslog(enum log_level level, const char *event,
                         const struct log_field *fields)
{
    static const int priorities[] = {LOG_ERR, LOG_WARNING, SYSLOG_INFO, SYSLOG_DEBUG};
    size_t n = log_line(state.buffer, LOG_LINE_MAX, state.format, LOG_UNSTAMPED, level,
                        event, fields);

    syslog(priorities[level], "%.*s", n == 0 ? 0 : (int)(n - 1), state.buffer);
}

static void write_buffer(enum log_level level, const char *event,
                         const struct log_field *fields)
{
    if (sizeof(state.buffer) - state.used < LOG_LINE_MAX)
        flush();
    if (sizeof(state.buffer) - state.used < LOG_LINE_MAX) {
        state.lost++;
        return;
    }
    state.used += log_line(state.buffer + state.used, LOG_LINE_MAX, state.format,
                           LOG_STAMPED, level, event, fields);
    examine();
    if (level <= LOG_LEVEL_WARN || state.terminal)
        flush();
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    int error = errno;

    if (state.sink == SINK_SYSLOG)
        write_syslog(level, event, fields);
    else
        write_buffer(level, event, fields);
    errno = error;
}
