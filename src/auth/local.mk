libccgate_a_SOURCES += \
	src/auth/auth.c \
	src/auth/auth.h \
	src/auth/auth_scheme.h \
	src/auth/basic.c \
	src/auth/challenge.c \
	src/auth/challenge.h \
	src/auth/guard.c \
	src/auth/guard.h \
	src/auth/memory.c \
	src/auth/memory.h
