libccgate_a_SOURCES += \
	src/http/body.c \
	src/http/body.h \
	src/http/chunked.c \
	src/http/chunked.h \
	src/http/forward.c \
	src/http/forward.h \
	src/http/framing.c \
	src/http/framing.h \
	src/http/head.c \
	src/http/head.h \
	src/http/quote.c \
	src/http/quote.h \
	src/http/socks.c \
	src/http/socks.h
