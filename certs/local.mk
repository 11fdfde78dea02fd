libccgate_a_SOURCES += \
	certs/build.c \
	certs/build.h \
	certs/bundle.c \
	certs/bundle.h \
	certs/bundle_file.c \
	certs/bundle_internal.h \
	certs/bundle_parse.c \
	certs/cert.c \
	certs/cert.h \
	certs/chain.c \
	certs/chain.h \
	certs/chain_fault.c \
	certs/chain_inspect.c \
	certs/chain_internal.h \
	certs/chain_text.c \
	certs/chain_verify.c \
	certs/held.c \
	certs/held.h \
	certs/json.c \
	certs/json.h \
	certs/java.c \
	certs/java.h \
	certs/paths.c \
	certs/paths.h \
	certs/pem.c \
	certs/pem.h \
	certs/public_roots.c \
	certs/public_roots.h \
	certs/setting.c \
	certs/setting.h \
	certs/setting_ini.c \
	certs/setting_internal.h \
	certs/setting_json.c \
	certs/setting_lines.c \
	certs/text.c \
	certs/text.h \
	certs/tool_files.c \
	certs/tool_files.h \
	certs/tools.c \
	certs/tools.h \
	certs/vendors.c \
	certs/vendors.h

# Certificates for tests.
check_LIBRARIES += libtestpki.a
libtestpki_a_SOURCES = \
	certs/testpki.c \
	certs/testpki.h
check_PROGRAMS += certs/testpki
certs_testpki_SOURCES = certs/testpki_main.c
certs_testpki_LDADD = libtestpki.a $(OPENSSL_LIBS)
EXTRA_DIST += certs/public_roots.sh
