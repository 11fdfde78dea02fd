libccgate_a_SOURCES += \
	src/config/build.c \
	src/config/command.c \
	src/config/command.h \
	src/config/config.c \
	src/config/config.h \
	src/config/document.c \
	src/config/dump.c \
	src/config/files.c \
	src/config/internal.h \
	src/config/json.c \
	src/config/listen.c \
	src/config/lists.c \
	src/config/login.c \
	src/config/mask.c \
	src/config/node.c \
	src/config/proxy.c \
	src/config/report.c \
	src/config/schema.c \
	src/config/secret.c \
	src/config/secret.h \
	src/config/secret_command.c \
	src/config/secret_command.h \
	src/config/secret_store.c \
	src/config/settings.c \
	src/config/suggest.c \
	src/config/value.c \
	src/config/yaml.c
