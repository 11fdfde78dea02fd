# ccgate-pac: links its own objects and what it needs of src/base, nothing else.
pac_parts = \
	pac/bindings.c \
	pac/bindings.h \
	pac/engine.h \
	pac/engine_shared.c \
	pac/engine_shared.h \
	pac/glob.c \
	pac/glob.h \
	pac/heap.c \
	pac/heap.h \
	pac/helpers_net.c \
	pac/helpers_net.h \
	pac/helpers_time.c \
	pac/helpers_time.h \
	pac/jsdate.c \
	pac/jsdate.h \
	pac/newer.c \
	pac/newer.h \
	pac/punycode.c \
	pac/punycode.h \
	pac/sandbox.h \
	pac/talk.c \
	pac/talk.h \
	pac/value.c \
	pac/value.h \
	src/base/buf.c \
	src/base/buf.h \
	src/base/pac_protocol.c \
	src/base/pac_protocol.h \
	src/base/span.c \
	src/base/span.h \
	src/base/wire.c \
	src/base/wire.h

if HAVE_PAC
pkglibexec_PROGRAMS += ccgate-pac
noinst_LIBRARIES += libccgate-pac.a
endif
libccgate_pac_a_SOURCES = $(pac_parts)
libccgate_pac_a_CPPFLAGS = -I$(top_srcdir) -I$(top_srcdir)/src $(PAC_ENGINE_CFLAGS)
if PAC_DUKTAPE
libccgate_pac_a_SOURCES += pac/engine_duktape.c
endif
if PAC_QUICKJS
libccgate_pac_a_SOURCES += pac/engine_quickjs.c
endif
if HAVE_SECCOMP
libccgate_pac_a_SOURCES += pac/sandbox_linux.c
else
libccgate_pac_a_SOURCES += pac/sandbox_none.c
endif
EXTRA_DIST += pac/engine_duktape.c pac/engine_quickjs.c pac/sandbox_linux.c \
	pac/sandbox_none.c

ccgate_pac_SOURCES = pac/ccgate_pac.c
ccgate_pac_CPPFLAGS = $(libccgate_pac_a_CPPFLAGS)
ccgate_pac_LDADD = libccgate-pac.a $(PAC_ENGINE_LIBS) -lm
EXTRA_DIST += pac/samples/make-rules.py pac/samples/office.pac pac/samples/rules-200.pac \
	pac/samples/sites.pac

# ccgate-system: links libcurl, which the daemon does not.
system_parts = \
	pac/fetch.c \
	pac/fetch.h \
	pac/fetch_http.c \
	pac/fetch_local.c \
	pac/fetch_text.c \
	pac/fetch_text.h \
	pac/desktop.c \
	pac/desktop.h \
	pac/gnome.c \
	pac/kde.c \
	pac/libproxy.c \
	pac/libproxy.h \
	pac/run.c \
	pac/run.h \
	pac/settings_text.c \
	pac/settings_text.h \
	pac/talk.c \
	pac/talk.h \
	pac/wpad.c \
	src/base/buf.c \
	src/base/buf.h \
	src/base/file.c \
	src/base/file.h \
	src/base/netaddr.c \
	src/base/netaddr.h \
	src/base/pattern.c \
	src/base/pattern.h \
	src/base/spawn.c \
	src/base/spawn.h \
	src/base/span.c \
	src/base/span.h \
	src/base/system_protocol.c \
	src/base/system_protocol.h \
	src/base/url.c \
	src/base/url.h \
	src/base/wire.c \
	src/base/wire.h
pkglibexec_PROGRAMS += ccgate-system
noinst_LIBRARIES += libccgate-system.a
libccgate_system_a_SOURCES = $(system_parts)
libccgate_system_a_CPPFLAGS = -I$(top_srcdir) -I$(top_srcdir)/src $(LIBCURL_CFLAGS) \
	$(OPENSSL_CFLAGS)
ccgate_system_SOURCES = pac/ccgate_system.c
ccgate_system_CPPFLAGS = $(libccgate_system_a_CPPFLAGS)
ccgate_system_LDADD = libccgate-system.a $(LIBCURL_LIBS) $(OPENSSL_LIBS)
