# Unit tests that need more than their own file and libccgate.a.
if HAVE_CHECK

# test_loop with the waiter of poll(2): linked in place, it stands before the library's.
check_PROGRAMS += tests/unit/test_loop_poll
TESTS += tests/unit/test_loop_poll
tests_unit_test_loop_poll_SOURCES = tests/unit/test_loop.c src/base/loop_poll.c

# Whatever allocation of ours fails: malloc() and its kin are replaced when it is linked.
tests_unit_test_alloc_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup

endif
