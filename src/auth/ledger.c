/*
 * ledger: the state file of the guard, and its locks. See ledger.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif

#include "auth/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/rand.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FILE_NAME "logins"
#define TEMP_NAME "logins.new"
#define LOCK_NAME "logins.lock"

enum {
    LOCK_TRIES = 1000, /* for the lock of a replacement, which takes milliseconds: */
    LOCK_PAUSE_MS = 5, /* 5 s in all */
    TRIAL = 4096,      /* bytes */
};

/* Where a lock belongs to the open file, it also counts between two ledgers here. */
#ifdef F_OFD_SETLK
#define SET_LOCK F_OFD_SETLK
#define GET_LOCK F_OFD_GETLK
#else
#define SET_LOCK F_SETLK
#define GET_LOCK F_GETLK
#endif

struct ledger {
    pthread_mutex_t mutex; /* what follows, and one replacement at a time */
    unsigned refs;
    pthread_mutex_t mark_mutex; /* lock_fd stays open; never held for long */
    char *dir;
    int dir_fd;
    atomic_int lock_fd;              /* both -1 while not open */
    unsigned char salt[LEDGER_SALT]; /* once it is known */
    bool salted;
};

/* ---- life ---- */

struct ledger *ledger_new(const char *dir)
{
    struct ledger *ledger = calloc(1, sizeof(*ledger));

    if (ledger == NULL)
        return NULL;
    ledger->dir = span_dup(span_of(dir));
    if (ledger->dir == NULL || pthread_mutex_init(&ledger->mutex, NULL) != 0)
        goto out;
    if (pthread_mutex_init(&ledger->mark_mutex, NULL) != 0) {
        pthread_mutex_destroy(&ledger->mutex);
        goto out;
    }
    ledger->refs = 1;
    ledger->dir_fd = -1;
    ledger->lock_fd = -1;
    return ledger;
out:
    free(ledger->dir);
    free(ledger);
    return NULL;
}

struct ledger *ledger_ref(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->mutex);
    ledger->refs++;
    pthread_mutex_unlock(&ledger->mutex);
    return ledger;
}

static void detach(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->mark_mutex);
    if (ledger->lock_fd >= 0)
        close(ledger->lock_fd);
    ledger->lock_fd = -1;
    pthread_mutex_unlock(&ledger->mark_mutex);
    if (ledger->dir_fd >= 0)
        close(ledger->dir_fd);
    ledger->dir_fd = -1;
}

void ledger_unref(struct ledger *ledger)
{
    unsigned refs;

    if (ledger == NULL)
        return;
    pthread_mutex_lock(&ledger->mutex);
    refs = --ledger->refs;
    pthread_mutex_unlock(&ledger->mutex);
    if (refs > 0)
        return;
    detach(ledger);
    pthread_mutex_destroy(&ledger->mark_mutex);
    pthread_mutex_destroy(&ledger->mutex);
    free(ledger->dir);
    free(ledger);
}

/* ---- folder and lock file ---- */

static bool fail(char why[LEDGER_WHY], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(char why[LEDGER_WHY], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(why, LEDGER_WHY, format, arguments);
    va_end(arguments);
    return false;
}

/* What cannot be made fails when it is opened. */
static void make_folders(const char *dir)
{
    char file[PATH_MAX];

    (void)snprintf(file, sizeof(file), "%s/" FILE_NAME, dir);
    (void)file_make_folders(file);
}

/* Opens folder and lock file. ENOENT in errno: the folder is not there. */
static bool attach(struct ledger *ledger, char why[LEDGER_WHY])
{
    const char *fault;
    struct stat st;

    /* Somebody removed the folder: a new one may be in its place. */
    if (ledger->dir_fd >= 0 && fstat(ledger->dir_fd, &st) == 0 && st.st_nlink == 0)
        detach(ledger);
    if (ledger->lock_fd >= 0)
        return true;
    ledger->dir_fd = open(ledger->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ledger->dir_fd < 0)
        return fail(why, "%s: %s", ledger->dir, strerror(errno));
    fault = fstat(ledger->dir_fd, &st) != 0 ? strerror(errno) : file_owner_fault(&st);
    if (fault != NULL) {
        fail(why, "%s %s", ledger->dir, fault);
        goto out;
    }
    ledger->lock_fd =
        openat(ledger->dir_fd, LOCK_NAME,
               O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    fault = file_fault(ledger->lock_fd, &st);
    if (fault == NULL)
        return true;
    fail(why, "%s/" LOCK_NAME ": %s", ledger->dir, fault);
out:
    detach(ledger);
    errno = EACCES;
    return false;
}

/* ---- locks ---- */

static bool lock_byte(int fd, int command, short type, off_t at, struct flock *lock)
{
    *lock =
        (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    return fcntl(fd, command, lock) == 0;
}

/* Another process holds it for milliseconds, unless it was stopped. */
static bool lock_file(struct ledger *ledger, char why[LEDGER_WHY])
{
    struct flock lock;

    for (int i = 0; i < LOCK_TRIES; i++) {
        if (lock_byte(ledger->lock_fd, SET_LOCK, F_WRLCK, 0, &lock))
            return true;
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return fail(why, "%s/" LOCK_NAME " cannot be locked: %s", ledger->dir,
                        strerror(errno));
        (void)poll(NULL, 0, LOCK_PAUSE_MS);
    }
    return fail(why,
                "%s/" LOCK_NAME " is locked by another process that does not go on",
                ledger->dir);
}

static void unlock_byte(struct ledger *ledger, off_t at)
{
    struct flock lock;

    if (ledger->lock_fd >= 0)
        (void)lock_byte(ledger->lock_fd, SET_LOCK, F_UNLCK, at, &lock);
}

/* Two logins on one byte would only wait for each other. */
static off_t turn_byte(const unsigned char key[LEDGER_KEY])
{
    return 1 + (((off_t)key[0] & 0x7f) << 24 | key[1] << 16 | key[2] << 8 | key[3]) / 2;
}

enum ledger_turn ledger_turn_take(struct ledger *ledger,
                                  const unsigned char key[LEDGER_KEY])
{
    enum ledger_turn turn = LEDGER_TURN_FAILED;
    struct flock lock;

    if (pthread_mutex_trylock(&ledger->mutex) != 0)
        return LEDGER_TURN_BUSY;
    if (ledger->lock_fd < 0)
        turn = LEDGER_TURN_FAILED;
    else if (lock_byte(ledger->lock_fd, SET_LOCK, F_WRLCK, turn_byte(key), &lock))
        turn = LEDGER_TURN_TAKEN;
    else if (errno == EAGAIN || errno == EACCES || errno == EINTR)
        turn = LEDGER_TURN_BUSY;
    pthread_mutex_unlock(&ledger->mutex);
    return turn;
}

void ledger_turn_give(struct ledger *ledger, const unsigned char key[LEDGER_KEY])
{
    /* Without the mutex, for which it would have to wait. */
    unlock_byte(ledger, turn_byte(key));
}

bool ledger_turn_is_taken(struct ledger *ledger, const unsigned char key[LEDGER_KEY])
{
    struct flock lock;
    bool taken;

    pthread_mutex_lock(&ledger->mutex);
    taken = ledger->lock_fd >= 0 &&
            lock_byte(ledger->lock_fd, GET_LOCK, F_WRLCK, turn_byte(key), &lock) &&
            lock.l_type != F_UNLCK;
    pthread_mutex_unlock(&ledger->mutex);
    return taken;
}

/* ---- marks ---- */

/* The data of the lock file is at most 64 KiB. */
static off_t mark_byte(const unsigned char key[LEDGER_KEY])
{
    return (off_t)(key[0] << 8 | key[1]);
}

void ledger_turn_mark(struct ledger *ledger, const unsigned char key[LEDGER_KEY],
                      bool under_way)
{
    const char mark = under_way ? '!' : '\0';

    pthread_mutex_lock(&ledger->mark_mutex);
    if (ledger->lock_fd >= 0)
        (void)!pwrite(ledger->lock_fd, &mark, 1, mark_byte(key));
    pthread_mutex_unlock(&ledger->mark_mutex);
}

bool ledger_turn_is_marked(struct ledger *ledger, const unsigned char key[LEDGER_KEY])
{
    char mark = '\0';

    pthread_mutex_lock(&ledger->mark_mutex);
    if (ledger->lock_fd >= 0)
        (void)!pread(ledger->lock_fd, &mark, 1, mark_byte(key));
    pthread_mutex_unlock(&ledger->mark_mutex);
    return mark != '\0';
}

/* ---- reading ---- */

static void set_stamp(struct ledger_stamp *stamp, const struct stat *st)
{
    memset(stamp, 0, sizeof(*stamp));
    stamp->inode = st->st_ino;
    stamp->size = st->st_size;
    stamp->seconds = st->st_mtim.tv_sec;
    stamp->nanoseconds = st->st_mtim.tv_nsec;
}

static bool same_stamp(const struct ledger_stamp *a, const struct ledger_stamp *b)
{
    return a->inode == b->inode && a->size == b->size && a->seconds == b->seconds &&
           a->nanoseconds == b->nanoseconds;
}

bool ledger_changed(struct ledger *ledger, const struct ledger_stamp *stamp)
{
    struct ledger_stamp now = {0};
    struct stat st;
    bool changed;

    if (pthread_mutex_trylock(&ledger->mutex) != 0)
        return true;
    if (ledger->dir_fd >= 0 &&
        fstatat(ledger->dir_fd, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
        set_stamp(&now, &st);
    changed = !same_stamp(&now, stamp);
    pthread_mutex_unlock(&ledger->mutex);
    return changed;
}

static bool parse(struct ledger *ledger, struct ledger_book *book, struct span text,
                  char why[LEDGER_WHY])
{
    size_t line = 0;

    switch (ledger_book_read(book, text, &line)) {
    case LEDGER_READ_OK:
        memcpy(ledger->salt, book->salt, LEDGER_SALT);
        ledger->salted = true;
        return true;
    case LEDGER_READ_NEWER:
        return fail(why, "%s/" FILE_NAME " was written by a newer ccgate", ledger->dir);
    case LEDGER_READ_NO_MEMORY:
        return fail(why, "memory is out");
    case LEDGER_READ_BROKEN:
        break;
    }
    return fail(why,
                "%s/" FILE_NAME
                " is damaged in line %zu; remove it if no other program "
                "needs it",
                ledger->dir, line);
}

/* An absent file is an empty book and a stamp of zeros. */
static bool read_file(struct ledger *ledger, struct ledger_book *book,
                      struct ledger_stamp *stamp, char why[LEDGER_WHY])
{
    int fd = openat(ledger->dir_fd, FILE_NAME,
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st = {0};
    const char *fault;
    struct buf text;
    int error;
    bool ok;

    memset(stamp, 0, sizeof(*stamp));
    ledger_book_clear(book);
    if (fd < 0 && errno == ENOENT)
        return true;
    fault = file_fault(fd, &st);
    if (fault != NULL) {
        fail(why, "%s/" FILE_NAME ": %s", ledger->dir, fault);
        if (fd >= 0)
            close(fd);
        return false;
    }
    buf_init(&text, LEDGER_FILE_LIMIT);
    error = file_read(fd, &text);
    close(fd);
    ok = error == 0 ? parse(ledger, book, buf_span(&text), why)
                    : fail(why, "%s/" FILE_NAME ": %s", ledger->dir, strerror(-error));
    if (ok)
        set_stamp(stamp, &st);
    else
        ledger_book_clear(book);
    buf_clear(&text);
    return ok;
}

bool ledger_load(struct ledger *ledger, struct ledger_book *book,
                 struct ledger_stamp *stamp, char why[LEDGER_WHY])
{
    bool ok;

    memset(stamp, 0, sizeof(*stamp));
    ledger_book_clear(book);
    pthread_mutex_lock(&ledger->mutex);
    ok = attach(ledger, why) ? read_file(ledger, book, stamp, why) : errno == ENOENT;
    pthread_mutex_unlock(&ledger->mutex);
    return ok;
}

/* ---- writing ---- */

/* 0 or an error; the file may be there all the same. */
static int write_temp(struct ledger *ledger, struct span text, struct stat *st)
{
    int fd, error;

    (void)unlinkat(ledger->dir_fd, TEMP_NAME, 0);
    fd = openat(ledger->dir_fd, TEMP_NAME,
                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    error = file_write(fd, text);
    if (error == 0 && (fsync(fd) != 0 || fstat(fd, st) != 0))
        error = -errno;
    close(fd);
    return error;
}

/* A whole file, and the name last, so that a crash leaves the old or the new one. */
static int replace(struct ledger *ledger, struct span text, struct stat *st)
{
    int error = write_temp(ledger, text, st);

    if (error == 0 &&
        renameat(ledger->dir_fd, TEMP_NAME, ledger->dir_fd, FILE_NAME) != 0)
        error = -errno;
    if (error == 0 && fsync(ledger->dir_fd) != 0)
        error = -errno;
    if (error != 0)
        (void)unlinkat(ledger->dir_fd, TEMP_NAME, 0);
    return error;
}

/* The one of before where the file was removed meanwhile: the keys stay good. */
static bool add_salt(struct ledger *ledger, struct ledger_book *book)
{
    if (!ledger->salted && RAND_bytes(ledger->salt, LEDGER_SALT) != 1)
        return false;
    ledger->salted = true;
    memcpy(book->salt, ledger->salt, LEDGER_SALT);
    return true;
}

static bool write_file(struct ledger *ledger, const struct ledger_book *book,
                       struct ledger_stamp *stamp, char why[LEDGER_WHY])
{
    struct stat st = {0};
    struct buf text;
    int error;

    buf_init(&text, LEDGER_FILE_LIMIT);
    error = ledger_book_write(book, &text);
    if (error == 0)
        error = replace(ledger, buf_span(&text), &st);
    buf_clear(&text);
    if (error != 0)
        return fail(why, "%s/" FILE_NAME " cannot be written: %s", ledger->dir,
                    strerror(-error));
    set_stamp(stamp, &st);
    return true;
}

/* As much as a book usually needs. */
static int write_trial(struct ledger *ledger)
{
    static const char text[TRIAL] = {0};
    struct stat st;
    int error = write_temp(ledger, (struct span){text, sizeof(text)}, &st);

    (void)unlinkat(ledger->dir_fd, TEMP_NAME, 0);
    return error;
}

bool ledger_try(struct ledger *ledger, char why[LEDGER_WHY])
{
    bool ok = false;

    pthread_mutex_lock(&ledger->mutex);
    make_folders(ledger->dir);
    if (attach(ledger, why) && lock_file(ledger, why)) {
        int error = write_trial(ledger);

        ok = error == 0 ||
             fail(why, "%s cannot be written to: %s", ledger->dir, strerror(-error));
        unlock_byte(ledger, 0);
    }
    pthread_mutex_unlock(&ledger->mutex);
    return ok;
}

/* With the lock of the file. */
static bool update_locked(struct ledger *ledger, ledger_change *change, void *ctx,
                          struct ledger_book *book, struct ledger_stamp *stamp,
                          char why[LEDGER_WHY])
{
    bool fresh;

    if (!read_file(ledger, book, stamp, why))
        return false;
    fresh = stamp->inode == 0;
    if (fresh && !add_salt(ledger, book))
        return fail(why, "the system gives no random numbers");
    if ((change == NULL || !change(ctx, book)) && !fresh)
        return true;
    return write_file(ledger, book, stamp, why);
}

bool ledger_update(struct ledger *ledger, ledger_change *change, void *ctx,
                   struct ledger_book *book, struct ledger_stamp *stamp,
                   char why[LEDGER_WHY])
{
    bool ok = false;

    memset(stamp, 0, sizeof(*stamp));
    ledger_book_clear(book);
    pthread_mutex_lock(&ledger->mutex);
    make_folders(ledger->dir);
    if (attach(ledger, why) && lock_file(ledger, why)) {
        ok = update_locked(ledger, change, ctx, book, stamp, why);
        unlock_byte(ledger, 0);
    }
    pthread_mutex_unlock(&ledger->mutex);
    return ok;
}

bool ledger_open(struct ledger *ledger, struct ledger_book *book,
                 struct ledger_stamp *stamp, char why[LEDGER_WHY])
{
    bool writable;

    if (!ledger_update(ledger, NULL, NULL, book, stamp, why))
        return false;
    pthread_mutex_lock(&ledger->mutex);
    writable = faccessat(ledger->dir_fd, ".", W_OK, AT_EACCESS) == 0;
    pthread_mutex_unlock(&ledger->mutex);
    return writable || fail(why, "%s cannot be written to", ledger->dir);
}

/* ---- rearming ---- */

struct rearming {
    struct ledger *ledger;
    const char *user; /* NULL: all */
    size_t count;     /* of failures */
};

/* Whether the record stands for a failure. The lock of the file is held. */
static bool has_failed(struct ledger *ledger, const struct ledger_login *login)
{
    struct flock lock;

    switch (login->state) {
    case LEDGER_DOUBTED:
    case LEDGER_CLOSED:
        return true;
    case LEDGER_TRYING: /* whoever tried has died */
        return lock_byte(ledger->lock_fd, GET_LOCK, F_WRLCK, turn_byte(login->key),
                         &lock) &&
               lock.l_type == F_UNLCK;
    case LEDGER_UNTRIED:
    case LEDGER_ACCEPTED:
    case LEDGER_LATE:
        break;
    }
    return false;
}

/* Whether the record is kept. One that was accepted forgets who rejected it. */
static bool rearm_login(struct rearming *rearming, struct ledger_login *login)
{
    bool failed;

    if (rearming->user != NULL && strcmp(rearming->user, login->user) != 0)
        return true;
    failed = has_failed(rearming->ledger, login);
    if (failed || login->bad_hops[0] != '\0')
        rearming->count++;
    login->bad_hops[0] = '\0';
    return !failed;
}

static bool rearm(void *ctx, struct ledger_book *book)
{
    struct rearming *rearming = ctx;
    size_t kept = 0;

    for (size_t i = 0; i < book->login_count; i++)
        if (rearm_login(rearming, &book->logins[i]))
            book->logins[kept++] = book->logins[i];
    book->login_count = kept;
    return rearming->count > 0;
}

bool ledger_rearm(struct ledger *ledger, const char *user, size_t *count,
                  char why[LEDGER_WHY])
{
    struct rearming rearming = {.ledger = ledger, .user = user};
    struct ledger_book book;
    struct ledger_stamp stamp;
    bool ok;

    ledger_book_init(&book);
    ok = ledger_update(ledger, rearm, &rearming, &book, &stamp, why);
    ledger_book_clear(&book);
    *count = rearming.count;
    return ok;
}
