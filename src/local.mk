bin_PROGRAMS += ccgate
ccgate_SOURCES = src/ccgate.c
ccgate_LDADD = libccgate.a $(CCGATE_LIBS)

libccgate_a_SOURCES += \
	src/auth_set.c \
	src/auth_status.c \
	src/auth_status.h \
	src/auth_test.c \
	src/auth_test.h \
	src/background.c \
	src/background.h \
	src/companion.c \
	src/companion.h \
	src/daemon.c \
	src/daemon.h \
	src/dump_json.c \
	src/env.c \
	src/env_form.c \
	src/env_form.h \
	src/env_found.c \
	src/env_found.h \
	src/env_values.c \
	src/env_values.h \
	src/help.c \
	src/import.c \
	src/import.h \
	src/import_cntlm.c \
	src/import_px.c \
	src/instance.c \
	src/instance.h \
	src/lifeline.c \
	src/lifeline.h \
	src/notify.c \
	src/notify.h \
	src/options.c \
	src/options.h \
	src/options_table.c \
	src/pidfile.c \
	src/pidfile.h \
	src/reload.c \
	src/reload.h \
	src/run.c \
	src/subverbs.c \
	src/subverbs.h \
	src/verbs.c \
	src/verbs.h \
	src/verbs_auth.c \
	src/verbs_ca.c \
	src/verbs_client.c \
	src/verbs_request.c \
	src/verbs_route.c \
	src/wayin.c \
	src/wayin.h
