libccgate_a_SOURCES += \
	src/route/environment.c \
	src/route/environment.h \
	src/route/health.c \
	src/route/health.h \
	src/route/noproxy.c \
	src/route/noproxy.h \
	src/route/pac_copy.c \
	src/route/pac_copy.h \
	src/route/pac_result.c \
	src/route/pac_result.h \
	src/route/pac_source.c \
	src/route/pac_source.h \
	src/route/route.c \
	src/route/route.h \
	src/route/system_child.c \
	src/route/system_child.h
