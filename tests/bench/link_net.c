/*
 * link_net: the namespace, the TUN device and the mirror of the delaying line.
 */
#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define NETMASK "255.255.255.0"
#define DEVICE  "/dev/net/tun"

/* ---- the namespace ---- */

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        link_fail("writing %s: %s; run it as root", path, strerror(errno));
    close(fd);
}

/* user_namespaces(7): without rights outside, a process maps itself alone. */
static void map_self(uid_t uid, gid_t gid)
{
    char map[64];

    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%lu %lu 1", (unsigned long)uid, (unsigned long)uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "%lu %lu 1", (unsigned long)gid, (unsigned long)gid);
    write_file("/proc/self/gid_map", map);
}

/* Does one ioctl of netdevice(7). */
static void set_up(unsigned long what, struct ifreq *request)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, what, request) != 0)
        link_fail("setting up %s: %s", request->ifr_name, strerror(errno));
    close(fd);
}

static void bring_up(const char *name)
{
    struct ifreq request = {0};

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    set_up(SIOCGIFFLAGS, &request);
    request.ifr_flags |= IFF_UP;
    set_up(SIOCSIFFLAGS, &request);
}

/* Ports below 1024 for the command, too, whoever it runs as (ip(7)). Where /proc/sys is
 * read-only, it is left to root. */
static void open_low_ports(void)
{
    int fd =
        open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC);

    if (fd >= 0 && write(fd, "0", 1) != 1)
        link_fail("opening the low ports: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
}

void link_enter_namespace(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (unshare(CLONE_NEWNET) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
            link_fail("no network namespace: %s; run it as root (in a container with "
                      "--cap-add SYS_ADMIN), or allow user namespaces "
                      "(sysctl user.max_user_namespaces, "
                      "kernel.unprivileged_userns_clone, "
                      "kernel.apparmor_restrict_unprivileged_userns)",
                      strerror(errno));
        map_self(uid, gid);
    }
    bring_up("lo");
    open_low_ports();
}

/* ---- the device ---- */

static int open_device(void)
{
    int fd = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0)
        return fd;
    if (errno == EACCES || errno == EPERM)
        link_fail(DEVICE ": %s; run it as root, or let all use it (chmod 0666 " DEVICE
                         ", which is the usual mode)",
                  strerror(errno));
    link_fail(DEVICE ": %s; load the kernel's module (modprobe tun), or give the "
                     "container the device (--device " DEVICE ")",
              strerror(errno));
}

static void set_address(struct ifreq *request, unsigned long what, const char *text)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};

    inet_pton(AF_INET, text, &addr.sin_addr);
    memcpy(&request->ifr_addr, &addr, sizeof addr);
    set_up(what, request);
}

int link_open_tun(void)
{
    struct ifreq request = {.ifr_name = "tun0"};
    int fd = open_device();

    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (ioctl(fd, TUNSETIFF, &request) != 0)
        link_fail("making a TUN device: %s; in a container it takes "
                  "--cap-add NET_ADMIN --device " DEVICE,
                  strerror(errno));
    set_address(&request, SIOCSIFADDR, LINK_HERE);
    set_address(&request, SIOCSIFNETMASK, NETMASK);
    request.ifr_mtu = LINK_MTU;
    set_up(SIOCSIFMTU, &request);
    bring_up(request.ifr_name);
    return fd;
}

uint64_t link_lost(void)
{
    FILE *in = fopen("/proc/self/net/dev", "re");
    char line[512];
    unsigned long long lost = 0;

    /* name: 8 fields of what came in, then bytes, packets, errs and drop of what went
     */
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        if (sscanf(line, " tun0: %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu",
                   &lost) == 1)
            break;
    }
    if (in != NULL)
        fclose(in);
    return lost;
}

/* ---- the mirror ---- */

/* RFC 791 §3.1 */
enum { IPV4_HEADER = 20, SOURCE = 12, DESTINATION = 16, ADDRESS = 4 };

bool link_mirror(unsigned char *packet, size_t len)
{
    struct in_addr here;
    struct in_addr mask;
    struct in_addr source;
    struct in_addr destination;

    if (len < IPV4_HEADER || packet[0] >> 4 != 4)
        return false;
    inet_pton(AF_INET, LINK_HERE, &here);
    inet_pton(AF_INET, NETMASK, &mask);
    memcpy(&source, packet + SOURCE, ADDRESS);
    memcpy(&destination, packet + DESTINATION, ADDRESS);
    if (source.s_addr != here.s_addr ||
        ((destination.s_addr ^ here.s_addr) & mask.s_addr) != 0 ||
        (destination.s_addr | mask.s_addr) == INADDR_NONE)
        return false;
    memcpy(packet + SOURCE, &destination, ADDRESS);
    memcpy(packet + DESTINATION, &source, ADDRESS);
    return true;
}
