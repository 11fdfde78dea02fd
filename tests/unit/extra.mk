# Unit tests that need more than their own file and libccgate.a.
EXTRA_DIST += tests/import
if HAVE_CHECK

# The loop with the waiter of poll(2): linked in place, it stands before the library's.
poll_tests = tests/unit/test_loop_poll tests/unit/test_loop_time_poll
check_PROGRAMS += $(poll_tests)
TESTS += $(poll_tests)
tests_unit_test_loop_poll_SOURCES = tests/unit/test_loop.c src/base/loop_poll.c
tests_unit_test_loop_time_poll_SOURCES = tests/unit/test_loop_time.c src/base/loop_poll.c

# The same with the network that is polled; the other one needs Linux.
check_PROGRAMS += tests/unit/test_netwatch_poll
TESTS += tests/unit/test_netwatch_poll
tests_unit_test_netwatch_poll_SOURCES = tests/unit/test_netwatch_poll.c \
	tests/unit/netwatch_rig.h src/net/netwatch_poll.c
if HAVE_RTNETLINK
check_PROGRAMS += tests/unit/test_netwatch
TESTS += tests/unit/test_netwatch
endif
EXTRA_DIST += tests/unit/netwatch_rig.h

# Whatever allocation of ours fails: malloc() and its kin are replaced when it is linked.
tests_unit_test_alloc_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup
tests_unit_test_alloc_ca_LDFLAGS = $(tests_unit_test_alloc_LDFLAGS)
tests_unit_test_alloc_certs_LDFLAGS = $(tests_unit_test_alloc_LDFLAGS)

# What is built only where the headers of GSSAPI are.
if HAVE_GSSAPI
check_PROGRAMS += tests/unit/test_gss_mit
TESTS += tests/unit/test_gss_mit
endif

endif

# The PAC child: its parts in this process, and the child itself.
if HAVE_CHECK
if HAVE_PAC
pac_tests = \
	tests/unit/test_pac_cases \
	tests/unit/test_pac_child \
	tests/unit/test_pac_engine \
	tests/unit/test_pac_helpers \
	tests/unit/test_pac_sandbox
check_PROGRAMS += $(pac_tests)
TESTS += $(pac_tests)

# These start ccgate-pac as the daemon does.
pac_daemon_tests = \
	tests/unit/test_pac \
	tests/unit/test_pac_pool \
	tests/unit/test_route_system \
	tests/unit/test_pac_pool_ends
check_PROGRAMS += $(pac_daemon_tests)
TESTS += $(pac_daemon_tests)
LDADD_PAC = libccgate-pac.a $(LDADD) $(PAC_ENGINE_LIBS) -lm
tests_unit_test_pac_cases_LDADD = $(LDADD_PAC)
tests_unit_test_pac_engine_LDADD = $(LDADD_PAC)
tests_unit_test_pac_helpers_LDADD = $(LDADD_PAC)
tests_unit_test_pac_sandbox_LDADD = $(LDADD_PAC)
endif
endif
EXTRA_DIST += tests/unit/pac_child_rig.h tests/unit/pac_engine_rig.h tests/unit/pac_pool_rig.h tests/pac/cases.txt tests/pac/second_opinion.py

# What ccgate-system is made of.
if HAVE_CHECK
system_tests = tests/unit/test_desktop tests/unit/test_fetch tests/unit/test_settings
check_PROGRAMS += $(system_tests)
TESTS += $(system_tests)
tests_unit_test_fetch_LDADD = libccgate-system.a $(LDADD) $(LIBCURL_LIBS)
tests_unit_test_desktop_LDADD = $(tests_unit_test_fetch_LDADD)
tests_unit_test_settings_LDADD = $(tests_unit_test_fetch_LDADD)
endif
EXTRA_DIST += tests/unit/system_rig.h tests/leases
EXTRA_DIST += tests/unit/desktop_rig.h tests/unit/settings_rig.h tests/unit/system_rig.h tests/leases

# What is made of the test PKI.
if HAVE_CHECK
pki_tests = \
	tests/unit/test_alloc_ca \
	tests/unit/test_alloc_certs \
	tests/unit/test_bundle \
	tests/unit/test_ca \
	tests/unit/test_ca_fetch \
	tests/unit/test_ca_install \
	tests/unit/test_ca_look \
	tests/unit/test_ca_wire \
	tests/unit/test_cert \
	tests/unit/test_chain \
	tests/unit/test_env_found \
	tests/unit/test_java
check_PROGRAMS += $(pki_tests)
TESTS += $(pki_tests)
LDADD_PKI = libtestpki.a $(LDADD)
tests_unit_test_alloc_ca_LDADD = $(LDADD_PKI)
tests_unit_test_alloc_certs_LDADD = $(LDADD_PKI)
tests_unit_test_bundle_LDADD = $(LDADD_PKI)
tests_unit_test_ca_LDADD = $(LDADD_PKI)
tests_unit_test_ca_fetch_LDADD = $(LDADD_PKI)
tests_unit_test_ca_install_LDADD = $(LDADD_PKI)
tests_unit_test_ca_look_LDADD = $(LDADD_PKI)
tests_unit_test_ca_wire_LDADD = $(LDADD_PKI)
tests_unit_test_cert_LDADD = $(LDADD_PKI)
tests_unit_test_env_found_LDADD = $(LDADD_PKI)
tests_unit_test_java_LDADD = $(LDADD_PKI)
tests_unit_test_chain_LDADD = $(LDADD_PKI)
endif
EXTRA_DIST += tests/unit/alloc_rig.h tests/unit/ca_rig.h tests/unit/capture_rig.h tests/unit/inspector_rig.h tests/unit/pki_rig.h
