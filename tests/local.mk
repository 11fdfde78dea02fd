# make check needs no foreign program: unit tests, stored fuzz inputs, flows.
if HAVE_CHECK
unit_tests = \
	tests/unit/test_admin \
	tests/unit/test_alloc \
	tests/unit/test_auth \
	tests/unit/test_auth_schemes \
	tests/unit/test_body \
	tests/unit/test_buf \
	tests/unit/test_challenge \
	tests/unit/test_chunked \
	tests/unit/test_client_hello \
	tests/unit/test_config \
	tests/unit/test_config_errors \
	tests/unit/test_config_login \
	tests/unit/test_config_rules \
	tests/unit/test_connector \
	tests/unit/test_demand \
	tests/unit/test_dial \
	tests/unit/test_digest \
	tests/unit/test_env_form \
	tests/unit/test_env_values \
	tests/unit/test_environment \
	tests/unit/test_exchange \
	tests/unit/test_exchange_request \
	tests/unit/test_file \
	tests/unit/test_forward \
	tests/unit/test_framing \
	tests/unit/test_gss \
	tests/unit/test_guard \
	tests/unit/test_guard_file \
	tests/unit/test_guard_hops \
	tests/unit/test_guard_repeat \
	tests/unit/test_head \
	tests/unit/test_health \
	tests/unit/test_import \
	tests/unit/test_keytab \
	tests/unit/test_lifetime \
	tests/unit/test_ledger \
	tests/unit/test_listener \
	tests/unit/test_listener_unix \
	tests/unit/test_log \
	tests/unit/test_loop \
	tests/unit/test_loop_time \
	tests/unit/test_md4 \
	tests/unit/test_metrics \
	tests/unit/test_negotiate \
	tests/unit/test_netaddr \
	tests/unit/test_noproxy \
	tests/unit/test_ntlm \
	tests/unit/test_ntlm_challenge \
	tests/unit/test_offers \
	tests/unit/test_options \
	tests/unit/test_outcome \
	tests/unit/test_outside \
	tests/unit/test_pac_copy \
	tests/unit/test_pac_memory \
	tests/unit/test_pac_protocol \
	tests/unit/test_pac_result \
	tests/unit/test_pac_source \
	tests/unit/test_pac_url \
	tests/unit/test_pattern \
	tests/unit/test_peer \
	tests/unit/test_pidfile \
	tests/unit/test_pool \
	tests/unit/test_quote \
	tests/unit/test_recent \
	tests/unit/test_relay \
	tests/unit/test_reply \
	tests/unit/test_request_id \
	tests/unit/test_request_table \
	tests/unit/test_resolve \
	tests/unit/test_resolve_cache \
	tests/unit/test_resolve_system \
	tests/unit/test_route \
	tests/unit/test_route_pac \
	tests/unit/test_route_settings \
	tests/unit/test_route_table \
	tests/unit/test_schema \
	tests/unit/test_secret \
	tests/unit/test_secret_command \
	tests/unit/test_setting \
	tests/unit/test_socks \
	tests/unit/test_socks_dialogue \
	tests/unit/test_span \
	tests/unit/test_spawn \
	tests/unit/test_stream \
	tests/unit/test_system_child \
	tests/unit/test_system_environment \
	tests/unit/test_system_protocol \
	tests/unit/test_tls \
	tests/unit/test_tls_trust \
	tests/unit/test_tunnel \
	tests/unit/test_url \
	tests/unit/test_warm
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif
EXTRA_DIST += tests/unit/admin_rig.h tests/unit/auth_rig.h tests/unit/config_fixture.h tests/unit/exchange_rig.h tests/unit/guard_alone_rig.h tests/unit/guard_rig.h tests/unit/listener_rig.h tests/unit/loop_rig.h tests/unit/ntlm_rig.h tests/unit/proxy_rig.h tests/unit/resolve_rig.h tests/unit/route_rig.h tests/unit/state_rig.h tests/unit/suite.h tests/unit/tls_hand_rig.h tests/unit/tls_rig.h tests/unit/tunnel_rig.h tests/unit/watch_rig.h 

# Fuzz targets: replayed over the stored inputs, or linked with libFuzzer.
replay_tests = \
	tests/fuzz/replay_bundle \
	tests/fuzz/replay_challenge \
	tests/fuzz/replay_chunked \
	tests/fuzz/replay_client_hello \
	tests/fuzz/replay_config \
	tests/fuzz/replay_digest \
	tests/fuzz/replay_fetch_text \
	tests/fuzz/replay_head \
	tests/fuzz/replay_ledger \
	tests/fuzz/replay_ntlm \
	tests/fuzz/replay_pac_message \
	tests/fuzz/replay_pattern \
	tests/fuzz/replay_quote \
	tests/fuzz/replay_setting \
	tests/fuzz/replay_socks \
	tests/fuzz/replay_settings \
	tests/fuzz/replay_system_message \
	tests/fuzz/replay_url
fuzz_programs = \
	tests/fuzz/fuzz_bundle \
	tests/fuzz/fuzz_challenge \
	tests/fuzz/fuzz_chunked \
	tests/fuzz/fuzz_client_hello \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_digest \
	tests/fuzz/fuzz_fetch_text \
	tests/fuzz/fuzz_head \
	tests/fuzz/fuzz_ledger \
	tests/fuzz/fuzz_ntlm \
	tests/fuzz/fuzz_pac_message \
	tests/fuzz/fuzz_pattern \
	tests/fuzz/fuzz_quote \
	tests/fuzz/fuzz_setting \
	tests/fuzz/fuzz_socks \
	tests/fuzz/fuzz_settings \
	tests/fuzz/fuzz_system_message \
	tests/fuzz/fuzz_url
tests_fuzz_replay_bundle_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_bundle.c
tests_fuzz_fuzz_bundle_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_challenge_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_challenge.c
tests_fuzz_fuzz_challenge_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_chunked_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_chunked.c
tests_fuzz_fuzz_chunked_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_client_hello_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_client_hello.c
tests_fuzz_fuzz_client_hello_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_config_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_config.c
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_digest_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_digest.c
tests_fuzz_fuzz_digest_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_fetch_text_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_fetch_text.c
tests_fuzz_replay_fetch_text_LDADD = libccgate-system.a
tests_fuzz_fuzz_fetch_text_LDADD = libccgate-system.a
tests_fuzz_fuzz_fetch_text_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_head_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_head.c
tests_fuzz_fuzz_head_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_ledger_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_ledger.c
tests_fuzz_fuzz_ledger_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_ntlm_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_ntlm.c
tests_fuzz_fuzz_ntlm_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_pac_message_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_pac_message.c
tests_fuzz_fuzz_pac_message_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_pac_helpers_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_pac_helpers.c
tests_fuzz_replay_pac_helpers_LDADD = libccgate-pac.a -lm
tests_fuzz_fuzz_pac_helpers_LDADD = libccgate-pac.a -lm
tests_fuzz_fuzz_pac_helpers_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
if HAVE_PAC
replay_tests += tests/fuzz/replay_pac_helpers
fuzz_programs += tests/fuzz/fuzz_pac_helpers
endif
tests_fuzz_replay_pattern_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_pattern.c
tests_fuzz_fuzz_pattern_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_quote_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_quote.c
tests_fuzz_fuzz_quote_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_setting_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_setting.c
tests_fuzz_fuzz_setting_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_socks_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_socks.c
tests_fuzz_fuzz_socks_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_settings_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_settings.c
tests_fuzz_replay_settings_LDADD = libccgate-system.a
tests_fuzz_fuzz_settings_LDADD = libccgate-system.a
tests_fuzz_fuzz_settings_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_system_message_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_system_message.c
tests_fuzz_fuzz_system_message_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_url_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_url.c
tests_fuzz_fuzz_url_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
check_PROGRAMS += $(replay_tests)
TESTS += tests/fuzz/corpora.sh
EXTRA_DIST += tests/fuzz/corpora.sh tests/fuzz/fuzz.h tests/fuzz/fuzz_message.h tests/corpus
if FUZZERS
EXTRA_PROGRAMS += $(fuzz_programs)
fuzzers: $(fuzz_programs)
endif

# The mock proxy and provider, and flows through ccgate.
tests_mock_mockproxy_SOURCES = \
	tests/mock/mock.c \
	tests/mock/mock.h \
	tests/mock/mockproxy.c \
	tests/mock/mockproxy.h \
	tests/mock/mockproxy_ntlm.c \
	tests/mock/mockproxy_rules.c
tests_mock_mockproxy_LDADD = $(OPENSSL_LIBS)
tests_mock_mockprovider_SOURCES = \
	tests/mock/mock.c \
	tests/mock/mock.h \
	tests/mock/mockprovider.c \
	tests/mock/mockprovider.h \
	tests/mock/mockprovider_link.c
tests_mock_mockprovider_LDADD = $(OPENSSL_LIBS)
tests_flow_flow_SOURCES = \
	tests/flow/flow.c \
	tests/flow/flow.h \
	tests/flow/flow_actor.c \
	tests/flow/flow_base.c \
	tests/flow/flow_daemon.c \
	tests/flow/flow_http.c \
	tests/flow/flow_listen.c \
	tests/flow/flow_manager.c \
	tests/flow/flow_net.c \
	tests/flow/flow_parse.c \
	tests/flow/flow_steps.c \
	tests/flow/flow_verbs.h
tests_flow_flow_LDADD =
check_PROGRAMS += tests/mock/mockproxy tests/mock/mockprovider tests/flow/flow
TESTS += tests/flow/flows.sh
EXTRA_DIST += tests/flow/flows.sh tests/flow/README

# One file is one flow, and flows.sh runs what is there.
dist-hook: dist-flows
dist-flows:
	$(MKDIR_P) $(distdir)/tests/flow
	cp -p $(srcdir)/tests/flow/*.flow $(distdir)/tests/flow
.PHONY: dist-flows

# Warm connections and ready tunnels.
EXTRA_DIST += \
	tests/flow/ready-answered.flow \
	tests/flow/ready-dies-idle.flow \
	tests/flow/ready-drain.flow \
	tests/flow/ready-few-uses.flow \
	tests/flow/ready-foreign-via.flow \
	tests/flow/ready-login.flow \
	tests/flow/ready-no-replay-early-data.flow \
	tests/flow/ready-no-replay-more.flow \
	tests/flow/ready-no-replay-not-tls.flow \
	tests/flow/ready-off.flow \
	tests/flow/ready-reload.flow \
	tests/flow/ready-replay-close.flow \
	tests/flow/ready-replay-refused.flow \
	tests/flow/ready-replay-reset.flow \
	tests/flow/ready-replay-twice.flow \
	tests/flow/ready-tunnel.flow \
	tests/flow/warm-connect.flow \
	tests/flow/warm-login-lost.flow \
	tests/flow/warm-off.flow \
	tests/flow/warm-primer.flow \
	tests/flow/warm-primer-direct.flow \
	tests/flow/warm-primer-not-asked.flow \
	tests/flow/warm-primer-off.flow \
	tests/flow/warm-primer-rejected.flow \
	tests/flow/warm-refused-close.flow \
	tests/flow/warm-refused-connect.flow \
	tests/flow/warm-refused-leftover.flow \
	tests/flow/warm-stale-close.flow \
	tests/flow/warm-stale-reset.flow

tests_bench_load_SOURCES = \
	tests/bench/load.c \
	tests/bench/load.h \
	tests/bench/load_bulk.c \
	tests/bench/load_single.c \
	tests/bench/load_tunnels.c \
	tests/bench/load_util.c
tests_bench_load_LDADD = -lm
tests_bench_sink_SOURCES = \
	tests/bench/sink.c
tests_bench_sink_LDADD =
tests_bench_link_SOURCES = \
	tests/bench/link.c \
	tests/bench/link.h \
	tests/bench/link_net.c
tests_bench_link_LDADD =
tests_bench_pac_SOURCES = tests/bench/pac.c
tests_bench_pac_peer_SOURCES = tests/bench/pac_peer.c
tests_bench_pac_peer_LDADD = -ldl
bench_programs = tests/bench/link tests/bench/load tests/bench/sink tests/bench/pac \
	tests/bench/pac_peer
EXTRA_PROGRAMS += $(bench_programs)
EXTRA_DIST += tests/bench/bench.py tests/bench/bench_login.py tests/bench/bench_peers.py tests/bench/bench_report.py 
.PHONY: bench bench-login bench-quick check-desktop check-e2e check-pacparser check-soak check-debian13 lint
EXTRA_DIST += tests/bench/bench.py tests/bench/bench_login.py tests/bench/bench_pac.py \
	tests/bench/bench_peers.py tests/bench/bench_report.py 
.PHONY: bench bench-login bench-pac bench-quick check-e2e check-pacparser check-soak check-debian13 lint
bench_run = $(top_srcdir)/tests/bench/bench.py --ccgate ./ccgate \
	--load tests/bench/load --sink tests/bench/sink --link tests/bench/link \
	--pac tests/bench/pac --pac-peer tests/bench/pac_peer
bench: ccgate ccgate-pac ccgate-system $(bench_programs)
	$(bench_run) --out $(top_srcdir)/docs/BENCHMARKS.md
bench-login: ccgate $(bench_programs)
	$(bench_run) --out $(top_srcdir)/docs/BENCHMARKS.md --only login
bench-pac: ccgate ccgate-pac ccgate-system $(bench_programs)
	$(bench_run) --out $(top_srcdir)/docs/BENCHMARKS.md --only pac
bench-quick: ccgate ccgate-pac ccgate-system $(bench_programs)
	$(bench_run) --quick

# Real proxies, servers and clients; an absent one is a failure.
check-e2e: ccgate ccgate-system tests/bench/link tests/mock/mockproxy tests/mock/mockprovider
	CCGATE=$(abs_builddir)/ccgate LINK=$(abs_builddir)/tests/bench/link \
	    MOCKS=$(abs_builddir)/tests/mock \
	    $(top_srcdir)/tests/e2e/run.py
check-desktop: ccgate-system
	CCGATE=$(abs_builddir)/ccgate $(top_srcdir)/tests/e2e/desktop.py
# The cases of the PAC helpers through Debian's pacparser, as a second opinion.
check-pacparser:
	$(top_srcdir)/tests/pac/second_opinion.py
check-soak: ccgate
	CCGATE=$(abs_builddir)/ccgate $(top_srcdir)/tests/e2e/run.py --soak 60
EXTRA_DIST += \
    tests/e2e/bed.py tests/e2e/canary.py \
    tests/e2e/big_ticket.py \
    tests/e2e/cases_auth_verb.py \
    tests/e2e/cases_beds.py \
    tests/e2e/bump.py tests/e2e/cases_bump.py \
    tests/e2e/cases_clients.py tests/e2e/cases_env.py \
    tests/e2e/cases_desktop.py tests/e2e/desktop.py \
    tests/e2e/cases_fetch.py \
    tests/e2e/cases_gate.py \
    tests/e2e/cases_gss.py \
    tests/e2e/cases_install.py \
    tests/e2e/cases_kerberos.py \
    tests/e2e/cases_keyring.py \
    tests/e2e/cases_guard.py tests/e2e/cases_hostile.py tests/e2e/cases_link.py \
    tests/e2e/cases_login.py tests/e2e/cases_network.py tests/e2e/cases_pac.py tests/e2e/cases_secrets.py \
    tests/e2e/cases_socks.py tests/e2e/cases_system.py \
    tests/e2e/cases_run.py tests/e2e/cases_tls.py tests/e2e/cases_wire.py \
    tests/e2e/client_env.mjs tests/e2e/client_link.py \
    tests/e2e/client_requests.py \
    tests/e2e/client_undici.mjs \
    tests/e2e/client_websocket.py \
    tests/e2e/gss.py \
    tests/e2e/gss_proxy.py \
    tests/e2e/kdc.py tests/e2e/proving_proxy.py \
    tests/e2e/keyring.py \
    tests/e2e/netspace.py \
    tests/e2e/cases_pac_source.py \
    tests/e2e/cases_warm.py \
    tests/e2e/run.py \
    tests/e2e/servers.py \
    tests/e2e/system_child.py \
    tests/e2e/websocket_server.py

AM_TESTS_ENVIRONMENT = CCGATE=$(abs_builddir)/ccgate; export CCGATE; \
	PAC_PROGRAM=$(abs_builddir)/ccgate-pac; export PAC_PROGRAM; \
	SYSTEM_PROGRAM=$(abs_builddir)/ccgate-system; export SYSTEM_PROGRAM; \
	CCGATE_LIBEXEC=$(abs_builddir); export CCGATE_LIBEXEC; \
	ASAN_OPTIONS=detect_stack_use_after_return=1; export ASAN_OPTIONS;

include tests/unit/extra.mk
