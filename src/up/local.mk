libccgate_a_SOURCES += \
	src/up/client_hello.c \
	src/up/client_hello.h \
	src/up/connector.c \
	src/up/connector.h \
	src/up/connector_hop.c \
	src/up/connector_internal.h \
	src/up/demand.c \
	src/up/demand.h \
	src/up/dial.c \
	src/up/dial.h \
	src/up/discard.c \
	src/up/discard.h \
	src/up/egress.c \
	src/up/egress.h \
	src/up/lifetime.c \
	src/up/lifetime.h \
	src/up/pool.c \
	src/up/pool.h \
	src/up/primer.c \
	src/up/primer.h \
	src/up/repeat.c \
	src/up/repeat.h \
	src/up/socks.c \
	src/up/socks.h \
	src/up/stream.c \
	src/up/stream.h \
	src/up/tls.c \
	src/up/tls.h \
	src/up/tls_bio.c \
	src/up/tls_bio.h \
	src/up/tls_context.c \
	src/up/tls_context.h \
	src/up/trail.c \
	src/up/trail.h \
	src/up/tls_explain.c \
	src/up/tls_identity.c \
	src/up/tls_internal.h \
	src/up/tls_load.c \
	src/up/tls_load.h \
	src/up/tls_token.c \
	src/up/tls_token.h \
	src/up/tls_sessions.c \
	src/up/tls_sessions.h \
	src/up/tls_verify.c \
	src/up/tunnel.c \
	src/up/tunnel.h \
	src/up/upstream.c \
	src/up/upstream.h \
	src/up/warm.c \
	src/up/warm.h

if HAVE_ENGINE
libccgate_a_SOURCES += src/up/tls_token_engine.c
else
libccgate_a_SOURCES += src/up/tls_token_none.c
endif
EXTRA_DIST += src/up/tls_token_engine.c src/up/tls_token_none.c
