libccgate_a_SOURCES += \
	src/up/connector.c \
	src/up/connector.h \
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
	src/up/stream.c \
	src/up/stream.h \
	src/up/tls.c \
	src/up/tls.h \
	src/up/tls_context.c \
	src/up/tls_context.h \
	src/up/tunnel.c \
	src/up/tunnel.h \
	src/up/upstream.c \
	src/up/upstream.h
