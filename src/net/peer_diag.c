/*
 * peer_diag: NETLINK_SOCK_DIAG (sock_diag(7)), one exact question, one answer.
 *
 * The kernel answers while it handles send(), so the answer is there when send()
 * returns and nothing here ever waits.
 */
#include "net/peer_diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As the kernel counts the states of TCP (its tcp_states.h is not exported). */
#define STATE_LISTEN 10

struct peer_lookup {
    int fd;
    uint32_t sequence;
    bool works;
};

struct question {
    struct nlmsghdr head;
    struct inet_diag_req_v2 body;
};

enum reply { REPLY_FOUND, REPLY_NONE, REPLY_BROKEN };

static bool lookup_open(struct peer_lookup *lookup)
{
    if (lookup->fd >= 0)
        close(lookup->fd);
    lookup->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                        NETLINK_SOCK_DIAG);
    return lookup->fd >= 0;
}

/* The IPv4 address behind an IPv4 or an IPv4-mapped one. */
static bool addr_as_ipv4(const struct netaddr *a, uint32_t *bytes)
{
    if (a->u.sa.sa_family == AF_INET) {
        *bytes = a->u.in.sin_addr.s_addr;
        return true;
    }
    if (a->u.sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->u.in6.sin6_addr))
        return false;
    memcpy(bytes, a->u.in6.sin6_addr.s6_addr + 12, 4);
    return true;
}

/* The address in the form of the family asked under; false if it has none. */
static bool addr_to_words(uint32_t words[4], const struct netaddr *a, int family)
{
    uint32_t ipv4;

    memset(words, 0, 16);
    if (addr_as_ipv4(a, &ipv4)) {
        if (family == AF_INET) {
            words[0] = ipv4;
        } else {
            words[2] = htonl(0xffff);
            words[3] = ipv4;
        }
        return true;
    }
    if (family != AF_INET6 || a->u.sa.sa_family != AF_INET6)
        return false;
    memcpy(words, &a->u.in6.sin6_addr, 16);
    return true;
}

static bool question_build(struct question *q, int family, const struct netaddr *source,
                           const struct netaddr *destination)
{
    struct inet_diag_sockid *id = &q->body.id;

    memset(q, 0, sizeof(*q));
    q->head.nlmsg_len = sizeof(*q);
    q->head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    q->head.nlmsg_flags = NLM_F_REQUEST;
    q->body.sdiag_family = (uint8_t)family;
    q->body.sdiag_protocol = IPPROTO_TCP;
    q->body.idiag_states = UINT32_MAX;
    id->idiag_sport = htons(netaddr_port(source));
    id->idiag_dport = htons(netaddr_port(destination));
    id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (source->u.sa.sa_family == AF_INET6)
        id->idiag_if = source->u.in6.sin6_scope_id;
    return addr_to_words(id->idiag_src, source, family) &&
           addr_to_words(id->idiag_dst, destination, family);
}

/*
 * Whether the answer is about the socket asked for. Where the connection is gone, the
 * kernel may answer with a listener on the client's former port.
 */
static bool answer_fits(const struct inet_diag_msg *msg, const struct question *q)
{
    const struct inet_diag_sockid *id = &msg->id;
    bool probe = q->body.id.idiag_dport == 0;

    if (id->idiag_sport != q->body.id.idiag_sport ||
        id->idiag_dport != q->body.id.idiag_dport)
        return false;
    return probe || msg->idiag_state != STATE_LISTEN;
}

/* One datagram from the kernel. */
static enum reply answer_read(const char *data, size_t len, const struct question *q,
                              uint32_t *uid)
{
    struct nlmsghdr head;
    struct inet_diag_msg msg;
    struct nlmsgerr error;

    memcpy(&head, data, sizeof(head));
    if (head.nlmsg_type == NLMSG_ERROR) {
        if (len < NLMSG_HDRLEN + sizeof(error))
            return REPLY_BROKEN;
        memcpy(&error, data + NLMSG_HDRLEN, sizeof(error));
        return error.error == -ENOENT ? REPLY_NONE : REPLY_BROKEN;
    }
    if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY || len < NLMSG_HDRLEN + sizeof(msg))
        return REPLY_BROKEN;
    memcpy(&msg, data + NLMSG_HDRLEN, sizeof(msg));
    /* Inode 0: closed by its owner, and the uid shown, 0, means nothing. */
    if (!answer_fits(&msg, q) || msg.idiag_inode == 0 ||
        msg.idiag_uid == PEER_UID_OVERFLOW)
        return REPLY_NONE;
    *uid = msg.idiag_uid;
    return REPLY_FOUND;
}

/* Reads until the answer to this question comes; older ones are dropped. */
static enum reply answer_await(struct peer_lookup *lookup, const struct question *q,
                               uint32_t *uid)
{
    for (;;) {
        union {
            struct nlmsghdr head;
            char bytes[1024];
        } in;
        struct sockaddr_nl from = {0};
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(lookup->fd, &in, sizeof(in), MSG_DONTWAIT,
                             (struct sockaddr *)&from, &from_len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return REPLY_BROKEN;
        /* Port 0 is the kernel; nobody else is listened to. */
        if (from.nl_pid != 0 || (size_t)n < sizeof(in.head) ||
            in.head.nlmsg_seq != q->head.nlmsg_seq)
            continue;
        return answer_read(in.bytes, (size_t)n, q, uid);
    }
}

static enum reply question_ask_once(struct peer_lookup *lookup, struct question *q,
                                    uint32_t *uid)
{
    ssize_t n;

    q->head.nlmsg_seq = ++lookup->sequence;
    do
        n = send(lookup->fd, q, sizeof(*q), MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(*q) ? answer_await(lookup, q, uid) : REPLY_BROKEN;
}

static enum reply question_ask(struct peer_lookup *lookup, struct question *q,
                               uint32_t *uid)
{
    enum reply reply = question_ask_once(lookup, q, uid);

    if (reply == REPLY_BROKEN && lookup_open(lookup))
        reply = question_ask_once(lookup, q, uid);
    return reply;
}

/* Looks a listener of our own up: "no such socket" and "no such service" are one error.
 */
static bool lookup_probe(struct peer_lookup *lookup, struct span ip)
{
    struct question q;
    struct netaddr a, any;
    socklen_t len = sizeof(a.u);
    uint32_t uid;
    int fd;
    bool works = false;

    if (!netaddr_from_ip(&a, ip, 0))
        return false;
    any = a;
    fd = socket(a.u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (bind(fd, &a.u.sa, a.len) == 0 && listen(fd, 1) == 0 &&
        getsockname(fd, &a.u.sa, &len) == 0 &&
        question_build(&q, a.u.sa.sa_family, &a, &any))
        works = question_ask(lookup, &q, &uid) == REPLY_FOUND && uid == geteuid();
    close(fd);
    return works;
}

struct peer_lookup *peer_lookup_new(void)
{
    struct peer_lookup *lookup = calloc(1, sizeof(*lookup));

    if (lookup == NULL)
        return NULL;
    lookup->fd = -1;
    if (!lookup_open(lookup) &&
        (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
        free(lookup);
        return NULL;
    }
    lookup->works =
        lookup_probe(lookup, SPAN("127.0.0.1")) || lookup_probe(lookup, SPAN("::1"));
    return lookup;
}

void peer_lookup_free(struct peer_lookup *lookup)
{
    if (lookup == NULL)
        return;
    if (lookup->fd >= 0)
        close(lookup->fd);
    free(lookup);
}

bool peer_lookup_works(const struct peer_lookup *lookup)
{
    return lookup->works;
}

bool peer_diag_owner(struct peer_lookup *lookup, const struct netaddr *source,
                     const struct netaddr *destination, uint32_t *uid)
{
    static const int families[] = {AF_INET, AF_INET6};
    struct question q;

    /* A mapped pair is found under either family; the second is asked in need only. */
    for (size_t i = 0; i < 2; i++)
        if (question_build(&q, families[i], source, destination) &&
            question_ask(lookup, &q, uid) == REPLY_FOUND)
            return true;
    return false;
}
