/*
 * sandbox_linux: seccomp, Landlock and resource limits.
 *
 * Landlock's numbers stand here, since the headers of Debian 12 are older than the
 * kernels this may run on. See landlock(7), seccomp(2).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/pac_protocol.h"
#include "pac/sandbox.h"

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif

/* ASan reserves terabytes, maps files and looks at itself when it reports. */
#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCH AUDIT_ARCH_PPC64LE
#else
#define ARCH 0 /* no filter: s390 hands mmap() its arguments in memory */
#endif

#ifdef __NR_mmap2
#define NR_MMAP __NR_mmap2
#else
#define NR_MMAP __NR_mmap
#endif
#ifdef __NR_newfstatat
#define NR_FSTATAT __NR_newfstatat
#else
#define NR_FSTATAT __NR_fstatat64
#endif
/* Where a system has one name only, the other stands for it. */
#ifdef __NR_clock_gettime64
#define NR_CLOCK __NR_clock_gettime64
#else
#define NR_CLOCK __NR_clock_gettime
#endif
#ifdef __NR_open
#define NR_OPEN __NR_open
#else
#define NR_OPEN __NR_openat
#endif

void sandbox_prepare(int last_fd)
{
    time_t now = time(NULL);
    struct tm tm;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)last_fd + 1, ~0U, 0) == 0)
        last_fd = -1;
#endif
    for (int fd = last_fd + 1; last_fd >= 0 && fd < 1024; fd++)
        (void)close(fd);
    /* With TZ set, and the same, the C library does not look at the file again. */
    (void)setenv("TZ", ":/etc/localtime", 0);
    tzset();
    (void)localtime_r(&now, &tm);
}

/* ---- limits ---- */

static bool limit(int resource, rlim_t most)
{
    struct rlimit r = {most, most};

    return setrlimit(resource, &r) == 0;
}

static uint32_t enter_limits(size_t address_space)
{
    uint32_t active = 0;
    bool good = limit(RLIMIT_CORE, 0);

    /* ASan opens /proc/self/maps for a report. */
    if (!sanitized)
        good = limit(RLIMIT_NOFILE, 0) && good;
    good = limit(RLIMIT_NPROC, 0) && good;
    (void)prctl(PR_SET_DUMPABLE, 0);
    if (good)
        active |= PAC_SANDBOX_RLIMITS;
    if (!sanitized && limit(RLIMIT_AS, address_space))
        active |= PAC_SANDBOX_ADDRESS_SPACE;
    return active;
}

/* ---- Landlock ---- */

enum { LANDLOCK_CREATE = 444, LANDLOCK_RESTRICT = 446, LANDLOCK_VERSION = 1 };

struct landlock {
    uint64_t fs;     /* version 1 */
    uint64_t net;    /* 4: bind, connect */
    uint64_t scoped; /* 6: abstract sockets, signals */
};

static bool enter_landlock(void)
{
    /* Rights of the file system by version: 13, then refer, truncate, device ioctl. */
    static const uint64_t fs[] = {0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff};
    struct landlock rules = {0};
    long version = syscall(LANDLOCK_CREATE, NULL, 0, LANDLOCK_VERSION);
    size_t size = sizeof(rules.fs);
    long fd;
    bool entered;

    if (version < 1)
        return false;
    rules.fs = fs[version < 5 ? version : 5];
    if (version >= 4) {
        rules.net = 3;
        size = 2 * sizeof(uint64_t);
    }
    if (version >= 6) {
        rules.scoped = 3;
        size = sizeof(rules);
    }
    fd = syscall(LANDLOCK_CREATE, &rules, size, 0);
    if (fd < 0)
        return false;
    entered = syscall(LANDLOCK_RESTRICT, fd, 0) == 0;
    (void)close((int)fd);
    return entered;
}

/* ---- seccomp ---- */

#define LOAD(field)                                                                    \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define ALLOW(number)                                                                  \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), RETURN(SECCOMP_RET_ALLOW)
#define REFUSE(number)                                                                 \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),                                 \
        RETURN(SECCOMP_RET_ERRNO | EACCES)

static bool enter_seccomp(void)
{
    /* What reading and writing a socket, malloc() and the clock come down to. What a C
     * library may try on its own is refused; everything else ends the process. */
    static struct sock_filter filter[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        ALLOW(__NR_read),
        ALLOW(__NR_write),
        ALLOW(__NR_brk),
        ALLOW(__NR_munmap),
        ALLOW(__NR_mremap),
        ALLOW(__NR_madvise),
        ALLOW(__NR_clock_gettime),
        ALLOW(__NR_gettimeofday),
        ALLOW(__NR_getrandom),
        ALLOW(__NR_rt_sigreturn),
        ALLOW(__NR_exit),
        ALLOW(__NR_exit_group),
        ALLOW(__NR_close),
        ALLOW(NR_CLOCK),
        REFUSE(__NR_openat),
        REFUSE(NR_OPEN),
        REFUSE(NR_FSTATAT),
        REFUSE(__NR_fstat),
        REFUSE(__NR_statx),
        REFUSE(__NR_lseek),
        REFUSE(__NR_ioctl),
        REFUSE(__NR_prctl),
        /* Memory of its own, none of it code. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_MMAP, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(args[3]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(args[2]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        RETURN(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

    return ARCH != 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

uint32_t sandbox_enter(size_t address_space)
{
    uint32_t active = 0;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        active |= PAC_SANDBOX_NO_NEW_PRIVS;
    if (sanitized)
        return active | PAC_SANDBOX_SANITIZER | enter_limits(address_space);
    if (enter_landlock())
        active |= PAC_SANDBOX_LANDLOCK;
    active |= enter_limits(address_space);
    if (enter_seccomp())
        active |= PAC_SANDBOX_SECCOMP;
    return active;
}
