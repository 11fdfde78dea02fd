/*
 * listener_bind: binds and listens; replaces the Unix socket of a dead process, and
 * only that.
 */
#include "net/listener_bind.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 4096

/* NULL for an abstract or unnamed one. */
static const char *unix_path(const struct netaddr *addr)
{
    if (addr->u.sa.sa_family != AF_UNIX || addr->u.un.sun_path[0] == '\0')
        return NULL;
    return addr->u.un.sun_path;
}

static int socket_for(const struct netaddr *addr)
{
    return socket(addr->u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Whether the address is a socket file at which nobody listens any more. */
static bool unix_is_stale(const struct netaddr *addr, struct stat *st)
{
    int fd, error;

    if (lstat(unix_path(addr), st) != 0 || !S_ISSOCK(st->st_mode))
        return false;
    fd = socket_for(addr);
    if (fd < 0)
        return false;
    error = connect(fd, &addr->u.sa, addr->len) == 0 ? 0 : errno;
    close(fd);
    return error == ECONNREFUSED;
}

static bool unix_unlink_stale(const struct netaddr *addr)
{
    struct stat before, now;

    if (!unix_is_stale(addr, &before))
        return false;
    /* Another starting process may have replaced it meanwhile. */
    if (lstat(unix_path(addr), &now) != 0 || now.st_dev != before.st_dev ||
        now.st_ino != before.st_ino)
        return false;
    return unlink(unix_path(addr)) == 0;
}

/* The mode is right from the start: between bind() and chmod() others could connect. */
static int bind_with_mode(int fd, const struct netaddr *addr, uint32_t mode)
{
    mode_t old = umask((mode_t)(~mode & 0777u));
    int result = bind(fd, &addr->u.sa, addr->len);
    int error = errno;

    umask(old);
    errno = error;
    return result;
}

static bool bind_unix(int fd, const struct netaddr *addr, uint32_t mode,
                      struct unix_place *place)
{
    struct stat st;

    if (bind_with_mode(fd, addr, mode) != 0) {
        if (errno != EADDRINUSE || unix_path(addr) == NULL)
            return false;
        if (!unix_unlink_stale(addr)) {
            errno = EADDRINUSE;
            return false;
        }
        if (bind_with_mode(fd, addr, mode) != 0)
            return false;
    }
    if (unix_path(addr) != NULL && lstat(unix_path(addr), &st) == 0) {
        place->ours = true;
        place->dev = st.st_dev;
        place->ino = st.st_ino;
    }
    return true;
}

static bool bind_tcp(int fd, const struct netaddr *addr)
{
    int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        return false;
    if (addr->u.sa.sa_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        return false;
    return bind(fd, &addr->u.sa, addr->len) == 0;
}

int listener_bind(const struct netaddr *addr, uint32_t unix_mode,
                  struct unix_place *place)
{
    int fd = socket_for(addr);
    bool bound;

    place->ours = false;
    if (fd < 0)
        return -1;
    bound = addr->u.sa.sa_family == AF_UNIX ? bind_unix(fd, addr, unix_mode, place)
                                            : bind_tcp(fd, addr);
    if (!bound || listen(fd, BACKLOG) != 0) {
        int error = errno;

        unix_place_clear(addr, place);
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static bool unix_is_ours(const struct netaddr *addr, const struct unix_place *place)
{
    struct stat st;

    return place->ours && lstat(unix_path(addr), &st) == 0 && st.st_dev == place->dev &&
           st.st_ino == place->ino;
}

bool unix_place_set_mode(const struct netaddr *addr, const struct unix_place *place,
                         uint32_t mode)
{
    return !unix_is_ours(addr, place) || chmod(unix_path(addr), mode & 0777u) == 0;
}

void unix_place_clear(const struct netaddr *addr, const struct unix_place *place)
{
    if (unix_is_ours(addr, place))
        unlink(unix_path(addr));
}
