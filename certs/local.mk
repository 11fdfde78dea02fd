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
	certs/paths.c \
	certs/paths.h \
	certs/pem.c \
	certs/pem.h \
	certs/text.c \
	certs/text.h \
	certs/tools.c \
	certs/tools.h

# Certificates for tests.
check_LIBRARIES += libtestpki.a
libtestpki_a_SOURCES = \
	certs/testpki.c \
	certs/testpki.h
check_PROGRAMS += certs/testpki
certs_testpki_SOURCES = certs/testpki_main.c
certs_testpki_LDADD = libtestpki.a $(OPENSSL_LIBS)
