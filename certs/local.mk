libccgate_a_SOURCES += \
	certs/paths.c \
	certs/paths.h
