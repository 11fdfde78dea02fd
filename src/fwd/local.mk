libccgate_a_SOURCES += \
	src/fwd/access.c \
	src/fwd/access.h \
	src/fwd/exchange.c \
	src/fwd/exchange.h \
	src/fwd/exchange_internal.h \
	src/fwd/exchange_failover.c \
	src/fwd/exchange_login.c \
	src/fwd/exchange_request.c \
	src/fwd/exchange_response.c \
	src/fwd/flight.c \
	src/fwd/flight.h \
	src/fwd/forward.c \
	src/fwd/forward.h \
	src/fwd/held.c \
	src/fwd/held.h \
	src/fwd/outlet.c \
	src/fwd/outlet.h \
	src/fwd/recent.c \
	src/fwd/recent.h \
	src/fwd/relay.c \
	src/fwd/relay.h \
	src/fwd/relay_pipe.h \
	src/fwd/reply.c \
	src/fwd/reply.h \
	src/fwd/request_view.c \
	src/fwd/request_view.h \
	src/fwd/server.c \
	src/fwd/server.h \
	src/fwd/session.c \
	src/fwd/session.h \
	src/fwd/session_internal.h \
	src/fwd/session_reply.c \
	src/fwd/session_request.c \
	src/fwd/session_socks.c \
	src/fwd/session_way.c

if HAVE_SPLICE
libccgate_a_SOURCES += src/fwd/relay_pipe.c
else
libccgate_a_SOURCES += src/fwd/relay_nopipe.c
endif
EXTRA_DIST += src/fwd/relay_pipe.c src/fwd/relay_nopipe.c
