#!/bin/sh
# check.sh: installs what the tests need and runs all of them. Every stage is run, even
# after one failed; the logs of the failed ones are printed. At the end stands a table and,
# alone on the last line, "N passed, N failed, N skipped": the tests counted by the test
# programs themselves, and each build, lint, distcheck and the quickstart as one.

usage()
{
    cat <<'TEXT'
usage: sh contrib/check.sh [--dry-run] [--help]

  --dry-run   only say which packages are missing
TEXT
}

main()
{
    dry_run=no
    case ${1:-} in
    '') ;;
    --dry-run) dry_run=yes ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
    # shellcheck source=contrib/lib.sh
    . "$source/contrib/lib.sh"
    cd "$source" || exit 1
    packages="$packages_build $packages_demo $packages_check $packages_lint $packages_e2e $packages_desktop"
    # shellcheck disable=SC2086
    if [ "$dry_run" = yes ]; then
        packages_install $packages
        exit
    fi
    start=$(date +%s)
    logs=$source/build-logs
    rm -rf "$logs"
    mkdir -p "$logs" || exit 1
    passed=0
    failed=0
    skipped=0
    number=0
    : >"$logs/table"
    trap 'say "check: interrupted"; exit 1' HUP INT TERM
    stages
    finish
}

stages()
{
    # shellcheck disable=SC2086
    stage packages needed packages_install $packages
    stage autoreconf needed autotools_run "$source" force
    stage 'build with gcc' one build_with build-gcc CC=gcc
    stage 'make check' tests make_in build-gcc check
    stage 'build with clang' one build_with build-clang CC=clang
    stage 'build with sanitizers' one build_with build-san CC=gcc --enable-sanitizers
    stage 'make check, sanitizers' tests make_in build-san check
    stage 'build with stand-ins' one build_portable build-portable
    stage lint one make_in build-gcc lint
    stage distcheck one make_in build-gcc distcheck
    # This one installs with pip and npm, for which a proxy may be needed.
    stage 'make check-e2e' summary timeout 1200 make -C build-gcc check-e2e
    stage 'make check-pacparser' summary make -C build-gcc check-pacparser
    stage quickstart one without_proxy timeout 600 sh contrib/quickstart.sh --once --demo
}

# build_with DIRECTORY ARGUMENT...: the programs and the tests, warnings being errors; all
# errors are wanted, hence -k.
build_with()
{
    directory=$1
    shift
    build_configure "$directory" --enable-werror --enable-tests "$@" &&
        make -k -C "$directory" -j2 && make -k -C "$directory" -j2 check TESTS=
}

# build_portable DIRECTORY: the programs, and the stand-ins for what other systems lack.
build_portable()
{
    build_configure "$1" --enable-werror --disable-tests --disable-gssapi CC=clang \
        ac_cv_func_epoll_create1=no ac_cv_func_splice=no ac_cv_func_accept4=no \
        ac_cv_func_pipe2=no ac_cv_func_explicit_bzero=no \
        ac_cv_func_posix_spawn_file_actions_addclosefrom_np=no \
        ac_cv_header_linux_sock_diag_h=no ac_cv_header_linux_rtnetlink_h=no \
        ac_cv_header_linux_seccomp_h=no ac_cv_have_decl_ENGINE_by_id=no &&
        make -k -C "$1" -j2
}

make_in()
{
    without_proxy timeout 1200 make -k -C "$1" -j2 "$2"
}

# A proxy of this machine's is for installing, not for the tests.
without_proxy()
{
    (
        unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
        "$@"
    )
}

# stage NAME KIND COMMAND...: runs it, its output in a log. KIND says what it counts as:
#   one      one test, passed or failed
#   needed   nothing, unless it failed
#   tests    the tests of an Automake test suite; "make_in DIRECTORY check" is the command
#   summary  its own last line "N passed, N failed"
stage()
{
    name=$1
    kind=$2
    shift 2
    number=$((number + 1))
    log=$logs/$(printf '%02d' $number)-$(say "$name" | tr -c 'a-z0-9\n' '-').log
    say "== $name"
    began=$(date +%s)
    "$@" >"$log" 2>&1 </dev/null
    status=$?
    took=$(($(date +%s) - began))
    case $kind in
    one) counts='1 0 0' ;;
    needed) counts='0 0 0' ;;
    tests)
        suite=$2
        counts=$(count_suite)
        ;;
    summary) counts=$(count_summary "$log") ;;
    esac
    # shellcheck disable=SC2086
    set -- $counts
    good=$1
    bad=$2
    left=$3
    # What failed without counting a failure, or counted nothing at all, is one.
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
        [ "$kind" != one ] || good=0
    elif [ "$kind" != needed ] && [ $((good + bad)) -eq 0 ]; then
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + left))
    printf '%-24s %6d s %7d %7d %7d\n' "$name" "$took" "$good" "$bad" "$left" \
        >>"$logs/table"
    if [ "$bad" -ne 0 ]; then
        print_failure "$kind"
    else
        say "   passed after $took s"
    fi
}

print_failure()
{
    say "   FAILED, status $status, after $took s; what failed, and the end of $log:"
    print_failed_cases "$log"
    tail -n 60 "$log" | sed 's/^/   | /'
    [ "$1" = tests ] || return 0
    # The log of each failed test of the suite.
    find "$suite" -name '*.trs' | sort | while IFS= read -r result; do
        grep -qE '^:test-result: (FAIL|ERROR|XPASS)' "$result" || continue
        say "   what failed in, and the end of ${result%.trs}.log:"
        print_failed_cases "${result%.trs}.log"
        tail -n 80 "${result%.trs}.log" | sed 's/^/   | /'
    done
}

# The failed tests of a log of one line each, with what they say of themselves.
print_failed_cases()
{
    awk '/^FAIL / { shown = 1 } /^(ok|skip|PASS) / { shown = 0 } shown' "$1" | head -n 300 |
        sed 's/^/   | /'
}

# count_suite: "PASSED FAILED SKIPPED" of the test programs that Automake just ran in
# $suite, from their logs: the line of Check, else "N passed, N failed", else the program
# as one. A program that failed without saying so in its counts is one failure more.
count_suite()
{
    find "$suite" -name '*.trs' -newer "$logs/table" | sort | while IFS= read -r result; do
        outcome=$(sed -n 's/^:test-result: *//p' "$result")
        count_log "${result%.trs}.log" "$outcome"
    done | awk '{ a += $1; b += $2; c += $3 } END { print a + 0, b + 0, c + 0 }'
}

# count_log LOG OUTCOME: the same for one test program.
count_log()
{
    awk -v outcome="$2" '
        # "97%: Checks: 40, Failures: 1, Errors: 0"
        /^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
            split($0, field, /[^0-9]+/)
            counted = 1
            bad += field[3] + field[4]
            good += field[2] - field[3] - field[4]
        }
        /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ {
            split($0, field, /[^0-9]+/)
            counted = 1
            good += field[1]
            bad += field[2]
            left += field[3]
        }
        END {
            if (outcome ~ /^SKIP/ && !counted)
                left = 1
            else if (outcome !~ /^(PASS|XFAIL|SKIP)/ && !bad)
                bad = 1
            else if (!counted)
                good = 1
            print good + 0, bad + 0, left + 0
        }' "$1"
}

# count_summary LOG: the same from the last line of that form.
count_summary()
{
    grep -E '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1 |
        awk -F '[^0-9]+' '{ a = $1; b = $2; c = $3 } END { print a + 0, b + 0, c + 0 }'
}

finish()
{
    say ''
    printf '%-24s %8s %7s %7s %7s\n' stage time passed failed skipped
    cat "$logs/table"
    say "check: all stages took $(($(date +%s) - start)) s; logs are in $logs"
    say "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}

main "$@"
