libccgate_a_SOURCES += \
	src/base/buf.c \
	src/base/buf.h \
	src/base/counters.c \
	src/base/counters.h \
	src/base/file.c \
	src/base/file.h \
	src/base/hop_kind.c \
	src/base/hop_kind.h \
	src/base/libexec.c \
	src/base/libexec.h \
	src/base/log.c \
	src/base/log.h \
	src/base/log_line.c \
	src/base/log_line.h \
	src/base/loop.c \
	src/base/loop.h \
	src/base/loop_deadline.c \
	src/base/loop_internal.h \
	src/base/loop_watch.c \
	src/base/loop_work.c \
	src/base/netaddr.c \
	src/base/netaddr.h \
	src/base/outcome.c \
	src/base/outcome_from.c \
	src/base/outcome.h \
	src/base/pac_protocol.c \
	src/base/pac_protocol.h \
	src/base/pattern.c \
	src/base/pattern.h \
	src/base/request_id.c \
	src/base/request_id.h \
	src/base/spawn.c \
	src/base/spawn.h \
	src/base/span.c \
	src/base/span.h \
	src/base/system_protocol.c \
	src/base/system_protocol.h \
	src/base/url.c \
	src/base/url.h \
	src/base/utf8.c \
	src/base/utf8.h \
	src/base/wire.c \
	src/base/wire.h

if HAVE_EPOLL
libccgate_a_SOURCES += src/base/loop_epoll.c
else
libccgate_a_SOURCES += src/base/loop_poll.c
endif
EXTRA_DIST += src/base/loop_epoll.c src/base/loop_poll.c
