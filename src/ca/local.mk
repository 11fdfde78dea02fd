libccgate_a_SOURCES += \
	src/ca/ca.c \
	src/ca/ca.h \
	src/ca/ca_build.c \
	src/ca/ca_check.c \
	src/ca/ca_import.c \
	src/ca/ca_internal.h \
	src/ca/ca_list.c \
	src/ca/ca_remove.c
