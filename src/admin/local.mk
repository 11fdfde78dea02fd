libccgate_a_SOURCES += \
	src/admin/admin.c \
	src/admin/admin.h \
	src/admin/client.c \
	src/admin/client.h \
	src/admin/metrics.c \
	src/admin/metrics.h \
	src/admin/status.c \
	src/admin/status.h \
	src/admin/status_table.c
