libccgate_a_SOURCES += \
	src/ca/agreement.c \
	src/ca/agreement.h \
	src/ca/ca.c \
	src/ca/ca.h \
	src/ca/ca_build.c \
	src/ca/ca_check.c \
	src/ca/ca_fetch.c \
	src/ca/ca_hosts.c \
	src/ca/ca_hosts.h \
	src/ca/ca_import.c \
	src/ca/ca_install.c \
	src/ca/ca_internal.h \
	src/ca/ca_list.c \
	src/ca/ca_remove.c \
	src/ca/ca_uninstall.c \
	src/ca/ca_watch.c \
	src/ca/change.c \
	src/ca/change.h \
	src/ca/manifest.c \
	src/ca/manifest.h \
	src/ca/plan.c \
	src/ca/plan.h \
	src/ca/store.c \
	src/ca/store.h \
	src/ca/wire.c \
	src/ca/wire.h
