libccgate_a_SOURCES += \
	src/admin/admin.c \
	src/admin/admin.h \
	src/admin/client.c \
	src/admin/client.h \
	src/admin/metrics.c \
	src/admin/metrics.h \
	src/admin/request_json.c \
	src/admin/request_json.h \
	src/admin/request_table.c \
	src/admin/request_table.h \
	src/admin/route_table.c \
	src/admin/route_table.h \
	src/admin/status.c \
	src/admin/status.h \
	src/admin/status_hops.c \
	src/admin/status_parts.h \
	src/admin/status_table.c \
	src/admin/status_ways.c \
	src/admin/table.c \
	src/admin/table.h
