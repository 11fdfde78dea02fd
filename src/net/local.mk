libccgate_a_SOURCES += \
	src/net/listener.c \
	src/net/listener.h \
	src/net/listener_bind.c \
	src/net/listener_bind.h \
	src/net/netwatch.c \
	src/net/netwatch.h \
	src/net/netwatch_addresses.c \
	src/net/netwatch_parts.h \
	src/net/peer.c \
	src/net/peer.h \
	src/net/peer_diag.h \
	src/net/resolve.c \
	src/net/resolve.h \
	src/net/resolve_ares.c \
	src/net/resolve_cache.c \
	src/net/resolve_parts.h \
	src/net/resolve_system.c \
	src/net/sockopt.c \
	src/net/sockopt.h

if HAVE_RTNETLINK
libccgate_a_SOURCES += src/net/netwatch_linux.c
else
libccgate_a_SOURCES += src/net/netwatch_poll.c
endif
EXTRA_DIST += src/net/netwatch_linux.c src/net/netwatch_poll.c

if HAVE_SOCK_DIAG
libccgate_a_SOURCES += src/net/peer_diag.c
else
libccgate_a_SOURCES += src/net/peer_nodiag.c
endif
EXTRA_DIST += src/net/peer_diag.c src/net/peer_nodiag.c
