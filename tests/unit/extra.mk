# Unit tests that need more than their own file and libccgate.a.
EXTRA_DIST += tests/import
if HAVE_CHECK

# The loop with the waiter of poll(2): linked in place, it stands before the library's.
poll_tests = tests/unit/test_loop_poll tests/unit/test_loop_time_poll
check_PROGRAMS += $(poll_tests)
TESTS += $(poll_tests)
tests_unit_test_loop_poll_SOURCES = tests/unit/test_loop.c src/base/loop_poll.c
tests_unit_test_loop_time_poll_SOURCES = tests/unit/test_loop_time.c src/base/loop_poll.c

# Whatever allocation of ours fails: malloc() and its kin are replaced when it is linked.
tests_unit_test_alloc_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup

# What is built only where the headers of GSSAPI are.
if HAVE_GSSAPI
check_PROGRAMS += tests/unit/test_gss_mit
TESTS += tests/unit/test_gss_mit
endif

endif
