/*
 * secret: passwords in memory of their own, and where they come from. See secret.h.
 */
#include "config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

struct secret {
    atomic_uint refs;
    size_t len;
    char bytes[SECRET_LIMIT];
};

/* Whole pages, so that locking them concerns nothing else. */
static size_t secret_size(void)
{
    long page = sysconf(_SC_PAGESIZE);
    size_t unit = page > 0 ? (size_t)page : 4096;

    return (sizeof(struct secret) + unit - 1) / unit * unit;
}

void secret_wipe(void *bytes, size_t len)
{
    /* A call through a volatile pointer is never optimised away. */
    static void *(*const volatile set)(void *, int, size_t) = memset;

    if (len > 0)
        set(bytes, 0, len);
}

static struct secret *secret_allocate(void)
{
    size_t size = secret_size();
    long page = sysconf(_SC_PAGESIZE);
    struct secret *secret = aligned_alloc(page > 0 ? (size_t)page : 4096, size);

    if (secret == NULL)
        return NULL;
    /* Both may be refused (RLIMIT_MEMLOCK); the secret is usable all the same. */
    (void)mlock(secret, size);
#ifdef MADV_DONTDUMP
    (void)madvise(secret, size, MADV_DONTDUMP);
#endif
    memset(secret, 0, sizeof(*secret));
    atomic_init(&secret->refs, 1);
    return secret;
}

struct secret *secret_new(struct span bytes)
{
    struct secret *secret;

    if (bytes.len > SECRET_LIMIT)
        return NULL;
    secret = secret_allocate();
    if (secret == NULL)
        return NULL;
    if (bytes.len > 0)
        memcpy(secret->bytes, bytes.at, bytes.len);
    secret->len = bytes.len;
    return secret;
}

void secret_free(struct secret *secret)
{
    size_t size = secret_size();

    if (secret == NULL || atomic_fetch_sub(&secret->refs, 1) != 1)
        return;
    secret_wipe(secret, sizeof(*secret));
#ifdef MADV_DODUMP
    (void)madvise(secret, size, MADV_DODUMP);
#endif
    (void)munlock(secret, size);
    free(secret);
}

struct secret *secret_ref(struct secret *secret)
{
    if (secret != NULL)
        atomic_fetch_add(&secret->refs, 1);
    return secret;
}

struct span secret_reveal(const struct secret *secret)
{
    if (secret == NULL)
        return (struct span){NULL, 0};
    return (struct span){secret->bytes, secret->len};
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    volatile unsigned char difference = 0;

    if (a == NULL || b == NULL)
        return a == b;
    if (a->len != b->len)
        return false;
    for (size_t i = 0; i < a->len; i++)
        difference |= (unsigned char)(a->bytes[i] ^ b->bytes[i]);
    return difference == 0;
}

/* ---- what a password may consist of ---- */

/* The length of the UTF-8 sequence at s (RFC 3629 section 4), or 0. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    size_t n = s[0] < 0x80   ? 1
               : s[0] < 0xc2 ? 0
               : s[0] < 0xe0 ? 2
               : s[0] < 0xf0 ? 3
                             : 4;

    if (n == 0 || s[0] > 0xf4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static bool utf8_valid(struct span s)
{
    const unsigned char *at = (const unsigned char *)s.at;
    size_t n;

    for (size_t i = 0; i < s.len; i += n) {
        n = utf8_length(at + i, s.len - i);
        if (n == 0)
            return false;
    }
    return true;
}

struct secret *secret_from_text(struct span text, bool rest, char *why, size_t why_size)
{
    size_t end = span_find(text, '\n');
    struct span line = {text.at, end};
    const char *fault = NULL;
    struct secret *secret;

    if (end < text.len && line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    if (rest)
        text.len = end;
    if (span_find(text, '\0') < text.len)
        fault = "holds a NUL byte";
    else if (end + 1 < text.len)
        fault = "has a second line; only the password may stand in it";
    else if (line.len == 0)
        fault = "has an empty first line";
    else if (line.len > SECRET_LIMIT)
        fault = "is longer than a password may be";
    else if (!utf8_valid(line))
        fault = "is not UTF-8";
    if (fault != NULL) {
        snprintf(why, why_size, "%s", fault);
        return NULL;
    }
    secret = secret_new(line);
    if (secret == NULL)
        snprintf(why, why_size, "memory is out");
    return secret;
}

/* ---- hashes ---- */

struct secret *secret_from_hex(const struct secret *digits, char *why, size_t why_size)
{
    struct secret *secret = secret_allocate();
    int bits = 0;

    if (secret == NULL) {
        snprintf(why, why_size, "memory is out");
        return NULL;
    }
    secret->len = digits->len / 2;
    for (size_t i = 0; i < digits->len && bits >= 0; i++) {
        bits = span_hex_digit(digits->bytes[i]);
        secret->bytes[i / 2] = (char)(secret->bytes[i / 2] << 4 | (bits & 15));
    }
    if (digits->len == 32 && bits >= 0)
        return secret;
    secret_free(secret);
    snprintf(why, why_size, "is not 32 hexadecimal digits");
    return NULL;
}

/* ---- files ---- */

/* Reads at most size bytes; the count, or -errno. */
static ssize_t read_all(int fd, char *into, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = read(fd, into + done, size - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

struct secret *secret_from_fd(int fd, char *why, size_t why_size)
{
    char content[SECRET_LIMIT + 4]; /* one byte more than line, CR and LF need */
    ssize_t n = read_all(fd, content, sizeof(content));
    struct secret *secret = NULL;

    if (n < 0)
        snprintf(why, why_size, "cannot be read: %s", strerror((int)-n));
    else
        secret =
            secret_from_text((struct span){content, (size_t)n}, false, why, why_size);
    secret_wipe(content, sizeof(content));
    return secret;
}

static bool owner_trusted(const struct stat *st)
{
    return st->st_uid == geteuid() || st->st_uid == 0;
}

/* Opens path; a link in the last place must be ours or root's. -1 and why on failure.
 */
static int open_trusted(const char *path, char *why, size_t why_size)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = open(path, flags | O_NOFOLLOW);
    struct stat st;

    if (fd < 0 && errno == ELOOP) {
        if (lstat(path, &st) == 0 && !owner_trusted(&st)) {
            snprintf(why, why_size, "is a link that belongs to somebody else (uid %lu)",
                     (unsigned long)st.st_uid);
            return -1;
        }
        fd = open(path, flags);
    }
    if (fd < 0)
        snprintf(why, why_size, "cannot be opened: %s", strerror(errno));
    return fd;
}

static bool file_private(int fd, const char *path, char *why, size_t why_size)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        snprintf(why, why_size, "cannot be examined: %s", strerror(errno));
    else if (!S_ISREG(st.st_mode))
        snprintf(why, why_size, "is not a regular file");
    else if (!owner_trusted(&st))
        snprintf(why, why_size, "belongs to somebody else (uid %lu)",
                 (unsigned long)st.st_uid);
    else if ((st.st_mode & 077) != 0)
        snprintf(why, why_size, "is open to others (mode %04o): run chmod 0600 %s",
                 (unsigned)(st.st_mode & 07777), path);
    else
        return true;
    return false;
}

struct secret *secret_from_file(const char *path, char *why, size_t why_size)
{
    struct secret *secret = NULL;
    int fd = open_trusted(path, why, why_size);

    if (fd < 0)
        return NULL;
    if (file_private(fd, path, why, why_size))
        secret = secret_from_fd(fd, why, why_size);
    close(fd);
    return secret;
}

struct secret *secret_from_credential(const char *name, char *why, size_t why_size)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char path[PATH_MAX];
    struct secret *secret;
    int n;
    int fd;

    if (why_size > 0)
        why[0] = '\0';
    if (folder == NULL || folder[0] != '/')
        return NULL;
    n = snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= sizeof(path)) {
        snprintf(why, why_size, "has a name that is too long");
        return NULL;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            snprintf(why, why_size, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    secret = secret_from_fd(fd, why, why_size);
    close(fd);
    return secret;
}

struct secret *secret_from_environment(const char *variable, char *why, size_t why_size)
{
    char *value = getenv(variable);
    struct secret *secret;

    if (why_size > 0)
        why[0] = '\0';
    if (value == NULL)
        return NULL;
    secret = secret_from_text(span_of(value), false, why, why_size);
    /* /proc/PID/environ shows the old place, so removing the variable is not enough. */
    secret_wipe(value, strlen(value));
    unsetenv(variable);
    return secret;
}

/* ---- the terminal ---- */

enum {
    KEY_INTERRUPT = 3,
    KEY_END = 4,
    KEY_BACKSPACE = 8,
    KEY_KILL = 21,
    KEY_DELETE = 127
};

static size_t without_last(const char *line, size_t len)
{
    while (len > 0 && ((unsigned char)line[--len] & 0xc0) == 0x80)
        ;
    return len;
}

/* Reads a line byte by byte; false on interrupt, end of input, or a line too long. */
static bool read_line(int tty, char line[SECRET_LIMIT], size_t *len)
{
    char c;

    *len = 0;
    for (;;) {
        ssize_t n = read(tty, &c, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || c == KEY_INTERRUPT)
            return false;
        if (c == '\n' || c == '\r')
            return true;
        if (c == KEY_END)
            return *len > 0;
        if (c == KEY_BACKSPACE || c == KEY_DELETE)
            *len = without_last(line, *len);
        else if (c == KEY_KILL)
            *len = 0;
        else if (*len == SECRET_LIMIT)
            return false;
        else
            line[(*len)++] = c;
    }
}

struct secret *secret_from_prompt(const char *prompt, char *why, size_t why_size)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before;
    struct termios quiet;
    char line[SECRET_LIMIT];
    size_t len = 0;
    struct secret *secret = NULL;

    if (tty < 0 || tcgetattr(tty, &before) != 0) {
        snprintf(why, why_size, "there is no terminal to ask on");
        goto out;
    }
    /* Without ISIG an interrupt comes as a byte, and echo is always turned on again. */
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0) {
        snprintf(why, why_size, "the echo of the terminal cannot be turned off");
        goto out;
    }
    dprintf(tty, "%s", prompt);
    if (read_line(tty, line, &len))
        secret = secret_from_text((struct span){line, len}, false, why, why_size);
    else
        snprintf(why, why_size, "nothing was entered");
    dprintf(tty, "\n");
    (void)tcsetattr(tty, TCSAFLUSH, &before);
out:
    secret_wipe(line, len);
    if (tty >= 0)
        close(tty);
    return secret;
}
