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
	tests/unit/test_config \
	tests/unit/test_config_errors \
	tests/unit/test_config_login \
	tests/unit/test_connector \
	tests/unit/test_dial \
	tests/unit/test_digest \
	tests/unit/test_environment \
	tests/unit/test_exchange \
	tests/unit/test_exchange_request \
	tests/unit/test_forward \
	tests/unit/test_framing \
	tests/unit/test_gss \
	tests/unit/test_guard \
	tests/unit/test_head \
	tests/unit/test_health \
	tests/unit/test_lifetime \
	tests/unit/test_listener \
	tests/unit/test_listener_unix \
	tests/unit/test_log \
	tests/unit/test_loop \
	tests/unit/test_loop_time \
	tests/unit/test_md4 \
	tests/unit/test_metrics \
	tests/unit/test_netaddr \
	tests/unit/test_noproxy \
	tests/unit/test_ntlm \
	tests/unit/test_ntlm_challenge \
	tests/unit/test_offers \
	tests/unit/test_options \
	tests/unit/test_outcome \
	tests/unit/test_pattern \
	tests/unit/test_peer \
	tests/unit/test_pidfile \
	tests/unit/test_pool \
	tests/unit/test_quote \
	tests/unit/test_relay \
	tests/unit/test_reply \
	tests/unit/test_resolve \
	tests/unit/test_resolve_cache \
	tests/unit/test_resolve_system \
	tests/unit/test_route \
	tests/unit/test_schema \
	tests/unit/test_secret \
	tests/unit/test_secret_command \
	tests/unit/test_span \
	tests/unit/test_stream \
	tests/unit/test_tls \
	tests/unit/test_tunnel \
	tests/unit/test_url
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif
EXTRA_DIST += tests/unit/admin_rig.h tests/unit/auth_rig.h tests/unit/config_fixture.h tests/unit/exchange_rig.h tests/unit/listener_rig.h tests/unit/loop_rig.h tests/unit/ntlm_rig.h tests/unit/proxy_rig.h tests/unit/resolve_rig.h tests/unit/route_rig.h tests/unit/suite.h tests/unit/tls_rig.h tests/unit/tunnel_rig.h tests/unit/watch_rig.h 

# Fuzz targets: replayed over the stored inputs, or linked with libFuzzer.
replay_tests = \
	tests/fuzz/replay_challenge \
	tests/fuzz/replay_chunked \
	tests/fuzz/replay_config \
	tests/fuzz/replay_head \
	tests/fuzz/replay_ntlm \
	tests/fuzz/replay_pattern \
	tests/fuzz/replay_quote \
	tests/fuzz/replay_url
fuzz_programs = \
	tests/fuzz/fuzz_challenge \
	tests/fuzz/fuzz_chunked \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_head \
	tests/fuzz/fuzz_ntlm \
	tests/fuzz/fuzz_pattern \
	tests/fuzz/fuzz_quote \
	tests/fuzz/fuzz_url
tests_fuzz_replay_challenge_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_challenge.c
tests_fuzz_fuzz_challenge_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_chunked_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_chunked.c
tests_fuzz_fuzz_chunked_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_config_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_config.c
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_head_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_head.c
tests_fuzz_fuzz_head_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_ntlm_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_ntlm.c
tests_fuzz_fuzz_ntlm_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_pattern_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_pattern.c
tests_fuzz_fuzz_pattern_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_quote_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_quote.c
tests_fuzz_fuzz_quote_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_replay_url_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_url.c
tests_fuzz_fuzz_url_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
check_PROGRAMS += $(replay_tests)
TESTS += tests/fuzz/corpora.sh
EXTRA_DIST += tests/fuzz/corpora.sh tests/corpus
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
EXTRA_DIST += tests/flow/flows.sh tests/flow/README tests/flow/auth-hosts.flow tests/flow/bad-answer-chunks.flow tests/flow/bad-answer-survives-close.flow tests/flow/bad-blank-lines.flow tests/flow/bad-chunks.flow tests/flow/bad-client-vanishes-in-body.flow tests/flow/bad-client-vanishes.flow tests/flow/bad-connect-target.flow tests/flow/bad-framing.flow tests/flow/bad-garbage.flow tests/flow/bad-half-head.flow tests/flow/bad-head-grammar.flow tests/flow/bad-host.flow tests/flow/bad-large-head.flow tests/flow/bad-linger-ends.flow tests/flow/bad-many-at-once.flow tests/flow/bad-request-after-good.flow tests/flow/bad-tls-hello.flow tests/flow/bad-version.flow tests/flow/basic-407-after-body.flow tests/flow/basic-407-after-close.flow tests/flow/basic-407-endless-chunks.flow tests/flow/basic-407-endless-head.flow tests/flow/basic-407-large-body-http.flow tests/flow/basic-407-large-body.flow tests/flow/basic-407-leftover.flow tests/flow/basic-407-slow-body.flow tests/flow/basic-answered-by-ntlm.flow tests/flow/basic-asked.flow tests/flow/basic-close-after-407.flow tests/flow/basic-first-try-shared.flow tests/flow/basic-http-login-silence.flow tests/flow/basic-http-post-large.flow tests/flow/basic-http-post.flow tests/flow/basic-http-slow-answer.flow tests/flow/basic-login-silence.flow tests/flow/basic-login-wait-limit.flow tests/flow/basic-many-challenges.flow tests/flow/basic-no-challenge.flow tests/flow/basic-no-credentials.flow tests/flow/basic-not-offered.flow tests/flow/basic-plain-http.flow tests/flow/basic-unannounced-close.flow tests/flow/basic-wrong-on-every-hop.flow tests/flow/basic-wrong-password.flow tests/flow/connect-101.flow tests/flow/connect-401.flow tests/flow/connect-any-2xx.flow tests/flow/connect-client-gone.flow tests/flow/connect-direct.flow tests/flow/connect-early-bytes-login.flow tests/flow/connect-early-bytes.flow tests/flow/connect-glued-and-fin.flow tests/flow/connect-glued.flow tests/flow/connect-half-closed-early.flow tests/flow/connect-http10.flow tests/flow/connect-interim.flow tests/flow/connect-large-head.flow tests/flow/connect-lenient-answers.flow tests/flow/connect-one-byte-at-a-time.flow tests/flow/connect-redirected.flow tests/flow/connect-refused-by-proxy.flow tests/flow/connect-refused-quote.flow tests/flow/connect-target-forms.flow tests/flow/connect-via-kept.flow tests/flow/connect-via-proxy.flow tests/flow/digest-close-after-407-post.flow tests/flow/digest-close-after-407.flow tests/flow/digest-connect.flow tests/flow/digest-http-post.flow tests/flow/digest-parallel.flow tests/flow/digest-stale-for-ever.flow tests/flow/digest-wrong-password-reconnect.flow tests/flow/digest-wrong-password.flow tests/flow/hop-all-dead.flow tests/flow/hop-answer-endless-head.flow tests/flow/hop-answer-garbage.flow tests/flow/hop-answer-half-silence.flow tests/flow/hop-answer-half.flow tests/flow/hop-answer-nothing.flow tests/flow/hop-answer-timeout.flow tests/flow/hop-denies-after-failover.flow tests/flow/hop-failover-post.flow tests/flow/hop-failover-refused.flow tests/flow/hop-failover-silent.flow tests/flow/hop-header.flow tests/flow/hop-plain-where-tls-is-due.flow tests/flow/hop-rest-all.flow tests/flow/hop-rest.flow tests/flow/hop-silent.flow tests/flow/hop-tls-silence.flow tests/flow/http-407-without-end.flow tests/flow/http-answer-framing.flow tests/flow/http-answer-leftover.flow tests/flow/http-answer-lenient.flow tests/flow/http-answer-timeout.flow tests/flow/http-chunked-stream.flow tests/flow/http-chunked.flow tests/flow/http-client-close.flow tests/flow/http-client-idle.flow tests/flow/http-close-delimited-broken.flow tests/flow/http-close-delimited.flow tests/flow/http-early-hints.flow tests/flow/http-expect-continue.flow tests/flow/http-expect-refused.flow tests/flow/http-expect-unknown.flow tests/flow/http-failure-then-next.flow tests/flow/http-get-direct.flow tests/flow/http-get-via-proxy.flow tests/flow/http-http10-client.flow tests/flow/http-https-in-absolute-form.flow tests/flow/http-idle-limit.flow tests/flow/http-large-stream.flow tests/flow/http-large-upload.flow tests/flow/http-no-body-answers.flow tests/flow/http-origin-401.flow tests/flow/http-origin-407.flow tests/flow/http-pipelined.flow tests/flow/http-pool-idle.flow tests/flow/http-post-counted.flow tests/flow/http-proxy-error-page.flow tests/flow/http-route-per-request.flow tests/flow/http-stale-connection-post.flow tests/flow/http-stale-connection.flow tests/flow/http-target-forms.flow tests/flow/http-truncated.flow tests/flow/http-upgrade-declined.flow tests/flow/http-upgrade.flow tests/flow/http-upstream-close.flow tests/flow/limit-descriptors.flow tests/flow/limit-sessions.flow tests/flow/manager-credential.flow tests/flow/manager-notify.flow tests/flow/manager-socket.flow tests/flow/ntlm-407-chunked.flow tests/flow/ntlm-407-for-ever.flow tests/flow/ntlm-407-wrong-length.flow tests/flow/ntlm-bad-challenge-http.flow tests/flow/ntlm-bad-challenge.flow tests/flow/ntlm-challenge-among-others.flow tests/flow/ntlm-client-close.flow tests/flow/ntlm-close-after-407-http.flow tests/flow/ntlm-close-after-407.flow tests/flow/ntlm-close-after-challenge.flow tests/flow/ntlm-connect.flow tests/flow/ntlm-first-try-shared.flow tests/flow/ntlm-http-leg-silence.flow tests/flow/ntlm-http-post-kept.flow tests/flow/ntlm-http-post-large.flow tests/flow/ntlm-http-post.flow tests/flow/ntlm-http10-parent.flow tests/flow/ntlm-leg-passed-on.flow tests/flow/ntlm-plain-http.flow tests/flow/ntlm-post-kept-dies.flow tests/flow/ntlm-silent-close-http.flow tests/flow/ntlm-silent-close.flow tests/flow/ntlm-wrong-on-four-hops.flow tests/flow/ntlm-wrong-password.flow tests/flow/relay-back-pressure-down.flow tests/flow/relay-back-pressure-up.flow tests/flow/relay-bulk-both-ways.flow tests/flow/relay-bulk-via-proxy.flow tests/flow/relay-half-close-client.flow tests/flow/relay-half-close-origin.flow tests/flow/relay-half-close-under-pressure.flow tests/flow/relay-idle-limit.flow tests/flow/relay-many.flow tests/flow/relay-quiet.flow tests/flow/relay-reset-after-half-close.flow tests/flow/relay-reset-by-client.flow tests/flow/relay-reset-by-origin.flow tests/flow/route-environment-overruled.flow tests/flow/route-environment.flow tests/flow/route-foreign-user.flow tests/flow/route-loopback.flow tests/flow/route-noproxy.flow tests/flow/route-parent-is-own-listener.flow tests/flow/route-self-by-name.flow tests/flow/route-self.flow tests/flow/route-undecided.flow tests/flow/route-via-loop.flow tests/flow/run-access-log.flow tests/flow/run-admin.flow tests/flow/run-config-errors.flow tests/flow/run-environment-keys.flow tests/flow/run-int-stops.flow tests/flow/run-ipv6-listener.flow tests/flow/run-log-reopen.flow tests/flow/run-password-environment.flow tests/flow/run-password-modes.flow tests/flow/run-password-two-lines.flow tests/flow/run-reload-broken.flow tests/flow/run-reload-keeps-tunnel.flow tests/flow/run-reload-listeners.flow tests/flow/run-term-drain-limit.flow tests/flow/run-term-drains.flow tests/flow/run-unix-listener.flow tests/flow/run-verbs.flow 
EXTRA_DIST += tests/flow/flows.sh tests/flow/README tests/flow/auth-hosts.flow tests/flow/bad-answer-chunks.flow tests/flow/bad-answer-survives-close.flow tests/flow/bad-blank-lines.flow tests/flow/bad-chunks.flow tests/flow/bad-client-vanishes-in-body.flow tests/flow/bad-client-vanishes.flow tests/flow/bad-connect-target.flow tests/flow/bad-framing.flow tests/flow/bad-garbage.flow tests/flow/bad-half-head.flow tests/flow/bad-head-grammar.flow tests/flow/bad-host.flow tests/flow/bad-large-head.flow tests/flow/bad-linger-ends.flow tests/flow/bad-many-at-once.flow tests/flow/bad-request-after-good.flow tests/flow/bad-tls-hello.flow tests/flow/bad-version.flow tests/flow/basic-407-after-body.flow tests/flow/basic-407-after-close.flow tests/flow/basic-407-large-body.flow tests/flow/basic-407-leftover.flow tests/flow/basic-407-slow-body.flow tests/flow/basic-asked.flow tests/flow/basic-close-after-407.flow tests/flow/basic-first-try-shared.flow tests/flow/basic-http-login-silence.flow tests/flow/basic-http-post-large.flow tests/flow/basic-http-post.flow tests/flow/basic-http-slow-answer.flow tests/flow/basic-login-silence.flow tests/flow/basic-login-wait-limit.flow tests/flow/basic-many-challenges.flow tests/flow/basic-no-challenge.flow tests/flow/basic-no-credentials.flow tests/flow/basic-not-offered.flow tests/flow/basic-plain-http.flow tests/flow/basic-unannounced-close.flow tests/flow/basic-wrong-on-every-hop.flow tests/flow/basic-wrong-password.flow tests/flow/connect-101.flow tests/flow/connect-401.flow tests/flow/connect-any-2xx.flow tests/flow/connect-client-gone.flow tests/flow/connect-direct.flow tests/flow/connect-early-bytes-login.flow tests/flow/connect-early-bytes.flow tests/flow/connect-glued-and-fin.flow tests/flow/connect-glued.flow tests/flow/connect-half-closed-early.flow tests/flow/connect-http10.flow tests/flow/connect-interim.flow tests/flow/connect-large-head.flow tests/flow/connect-lenient-answers.flow tests/flow/connect-one-byte-at-a-time.flow tests/flow/connect-redirected.flow tests/flow/connect-refused-by-proxy.flow tests/flow/connect-refused-quote.flow tests/flow/connect-target-forms.flow tests/flow/connect-via-kept.flow tests/flow/connect-via-proxy.flow tests/flow/digest-close-after-407-post.flow tests/flow/digest-close-after-407.flow tests/flow/digest-connect.flow tests/flow/digest-http-post.flow tests/flow/digest-parallel.flow tests/flow/digest-wrong-password-reconnect.flow tests/flow/digest-wrong-password.flow tests/flow/hop-all-dead.flow tests/flow/hop-answer-endless-head.flow tests/flow/hop-answer-garbage.flow tests/flow/hop-answer-half-silence.flow tests/flow/hop-answer-half.flow tests/flow/hop-answer-nothing.flow tests/flow/hop-answer-timeout.flow tests/flow/hop-denies-after-failover.flow tests/flow/hop-failover-post.flow tests/flow/hop-failover-refused.flow tests/flow/hop-failover-silent.flow tests/flow/hop-header.flow tests/flow/hop-plain-where-tls-is-due.flow tests/flow/hop-rest-all.flow tests/flow/hop-rest.flow tests/flow/hop-silent.flow tests/flow/hop-tls-silence.flow tests/flow/http-answer-framing.flow tests/flow/http-answer-leftover.flow tests/flow/http-answer-lenient.flow tests/flow/http-answer-timeout.flow tests/flow/http-chunked-stream.flow tests/flow/http-chunked.flow tests/flow/http-client-close.flow tests/flow/http-client-idle.flow tests/flow/http-close-delimited-broken.flow tests/flow/http-close-delimited.flow tests/flow/http-early-hints.flow tests/flow/http-expect-continue.flow tests/flow/http-expect-refused.flow tests/flow/http-expect-unknown.flow tests/flow/http-failure-then-next.flow tests/flow/http-get-direct.flow tests/flow/http-get-via-proxy.flow tests/flow/http-http10-client.flow tests/flow/http-https-in-absolute-form.flow tests/flow/http-idle-limit.flow tests/flow/http-large-stream.flow tests/flow/http-large-upload.flow tests/flow/http-no-body-answers.flow tests/flow/http-origin-407.flow tests/flow/http-pipelined.flow tests/flow/http-pool-idle.flow tests/flow/http-post-counted.flow tests/flow/http-proxy-error-page.flow tests/flow/http-route-per-request.flow tests/flow/http-stale-connection-post.flow tests/flow/http-stale-connection.flow tests/flow/http-target-forms.flow tests/flow/http-truncated.flow tests/flow/http-upgrade-declined.flow tests/flow/http-upgrade.flow tests/flow/http-upstream-close.flow tests/flow/limit-descriptors.flow tests/flow/limit-sessions.flow tests/flow/manager-credential.flow tests/flow/manager-notify.flow tests/flow/manager-socket.flow tests/flow/ntlm-bad-challenge.flow tests/flow/ntlm-challenge-among-others.flow tests/flow/ntlm-close-after-407.flow tests/flow/ntlm-close-after-challenge.flow tests/flow/ntlm-connect.flow tests/flow/ntlm-first-try-shared.flow tests/flow/ntlm-http-leg-silence.flow tests/flow/ntlm-http-post-kept.flow tests/flow/ntlm-http-post-large.flow tests/flow/ntlm-http-post.flow tests/flow/ntlm-http10-parent.flow tests/flow/ntlm-leg-passed-on.flow tests/flow/ntlm-plain-http.flow tests/flow/ntlm-post-kept-dies.flow tests/flow/ntlm-silent-close-http.flow tests/flow/ntlm-silent-close.flow tests/flow/ntlm-wrong-password.flow tests/flow/relay-back-pressure-down.flow tests/flow/relay-back-pressure-up.flow tests/flow/relay-bulk-both-ways.flow tests/flow/relay-bulk-via-proxy.flow tests/flow/relay-half-close-client.flow tests/flow/relay-half-close-origin.flow tests/flow/relay-half-close-under-pressure.flow tests/flow/relay-idle-limit.flow tests/flow/relay-many.flow tests/flow/relay-quiet.flow tests/flow/relay-reset-after-half-close.flow tests/flow/relay-reset-by-client.flow tests/flow/relay-reset-by-origin.flow tests/flow/route-environment-overruled.flow tests/flow/route-environment.flow tests/flow/route-foreign-user.flow tests/flow/route-loopback.flow tests/flow/route-noproxy.flow tests/flow/route-parent-is-own-listener.flow tests/flow/route-self-by-name.flow tests/flow/route-self.flow tests/flow/route-undecided.flow tests/flow/route-via-loop.flow tests/flow/run-access-log.flow tests/flow/run-admin.flow tests/flow/run-config-errors.flow tests/flow/run-environment-keys.flow tests/flow/run-int-stops.flow tests/flow/run-ipv6-listener.flow tests/flow/run-log-reopen.flow tests/flow/run-password-command.flow tests/flow/run-password-environment.flow tests/flow/run-password-modes.flow tests/flow/run-password-two-lines.flow tests/flow/run-reload-broken.flow tests/flow/run-reload-cut.flow tests/flow/run-reload-keeps-tunnel.flow tests/flow/run-reload-listeners.flow tests/flow/run-reload-slow.flow tests/flow/run-term-drain-limit.flow tests/flow/run-term-drains.flow tests/flow/run-unix-listener.flow tests/flow/run-verbs.flow 

# Warm connections and ready tunnels.
EXTRA_DIST += \
	tests/flow/warm-connect.flow \
	tests/flow/warm-login-lost.flow \
	tests/flow/warm-off.flow \
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
bench_programs = tests/bench/link tests/bench/load tests/bench/sink
EXTRA_PROGRAMS += $(bench_programs)
EXTRA_DIST += tests/bench/bench.py tests/bench/bench_login.py tests/bench/bench_peers.py tests/bench/bench_report.py 
.PHONY: bench bench-login bench-quick check-e2e check-soak check-debian13 lint
bench_run = $(top_srcdir)/tests/bench/bench.py --ccgate ./ccgate \
	--load tests/bench/load --sink tests/bench/sink --link tests/bench/link
bench: ccgate $(bench_programs)
	$(bench_run) --out $(top_srcdir)/docs/BENCHMARKS.md
bench-login: ccgate $(bench_programs)
	$(bench_run) --out $(top_srcdir)/docs/BENCHMARKS.md --only login
bench-quick: ccgate $(bench_programs)
	$(bench_run) --quick

# Real proxies, servers and clients; an absent one is a failure.
check-e2e: ccgate tests/bench/link
	CCGATE=$(abs_builddir)/ccgate LINK=$(abs_builddir)/tests/bench/link \
	    $(top_srcdir)/tests/e2e/run.py
check-soak: ccgate
	CCGATE=$(abs_builddir)/ccgate $(top_srcdir)/tests/e2e/run.py --soak 60
EXTRA_DIST += \
    tests/e2e/bed.py \
    tests/e2e/big_ticket.py \
    tests/e2e/cases_beds.py \
    tests/e2e/cases_clients.py \
    tests/e2e/cases_gate.py \
    tests/e2e/cases_gss.py \
    tests/e2e/cases_keyring.py \
    tests/e2e/cases_link.py \
    tests/e2e/cases_login.py \
    tests/e2e/client_link.py \
    tests/e2e/client_requests.py \
    tests/e2e/client_undici.mjs \
    tests/e2e/client_websocket.py \
    tests/e2e/gss.py \
    tests/e2e/gss_proxy.py \
    tests/e2e/kdc.py \
    tests/e2e/keyring.py \
    tests/e2e/run.py \
    tests/e2e/servers.py \
    tests/e2e/websocket_server.py

AM_TESTS_ENVIRONMENT = CCGATE=$(abs_builddir)/ccgate; export CCGATE; \
	ASAN_OPTIONS=detect_stack_use_after_return=1; export ASAN_OPTIONS;

include tests/unit/extra.mk
