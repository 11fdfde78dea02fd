#!/bin/sh
# quickstart.sh: from a fresh Debian or Ubuntu machine to a request that went through
# ccgate. Installs the missing build packages, builds in build/, and runs the main job:
# with the proxy of the environment or of the configuration, if there is one, else as a
# demonstration against the project's own mock corporate proxy and mock provider.

usage()
{
    cat <<'TEXT'
usage: sh contrib/quickstart.sh [--demo] [--once] [--url URL] [--dry-run] [--help]

  --demo      the demonstration, even when a proxy is configured
  --once      end after the requests, even on a terminal
  --url URL   what to fetch through the real proxy (https://api.anthropic.com/)
  --dry-run   only say which packages are missing
TEXT
}

main()
{
    demo=no
    once=no
    dry_run=no
    url=
    while [ $# -gt 0 ]; do
        case $1 in
        --demo) demo=yes ;;
        --once) once=yes ;;
        --dry-run) dry_run=yes ;;
        --url)
            [ $# -gt 1 ] || { usage >&2; exit 2; }
            url=$2
            shift
            ;;
        --url=*) url=${1#--url=} ;;
        --help | -h) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
        esac
        shift
    done
    source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
    # shellcheck source=contrib/lib.sh
    . "$source/contrib/lib.sh"
    build=$source/build
    # shellcheck disable=SC2086
    if [ "$dry_run" = yes ]; then
        packages_install $packages_build $packages_demo
        exit
    fi
    outcome='not finished'
    pids=
    gate=
    provider=
    proxy=
    files=$(mktemp -d) || exit 1
    trap leave EXIT
    trap 'outcome="interrupted"; exit 1' HUP INT TERM
    # The clocks of all programs agree.
    TZ=UTC0
    export TZ
    # shellcheck disable=SC2086
    packages_install $packages_build $packages_demo || fail 'packages are missing'
    make_ccgate
    if [ "$demo" = no ] && find_proxy; then
        run_real
    else
        run_demo
    fi
}

# fail TEXT: the end, with one line that says why.
fail()
{
    outcome="failed: $*"
    exit 1
}

# stop_all: ccgate first, so that it can say how its requests ended.
stop_all()
{
    for pid in $pids; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    pids=
    wait
}

leave()
{
    status=$?
    trap - EXIT
    trap '' HUP INT TERM
    stop_all
    rm -rf "$files"
    say "quickstart: $outcome"
    exit "$status"
}

# now: the time of the day, to the millisecond where date can.
now()
{
    date +%T.%3N
}

# show WHO TEXT: one hop of the story.
show()
{
    printf '%s %-8s %s\n' "$(now)" "$1" "$2"
}

make_ccgate()
{
    say "building in $build"
    log=$files/build.log
    {
        autotools_run "$source" && build_configure "$build" &&
            make -C "$build" -j "$(jobs_count)" ccgate \
                tests/mock/mockproxy tests/mock/mockprovider
    } >"$log" 2>&1 </dev/null || {
        tail -n 60 "$log"
        fail 'ccgate could not be built'
    }
    say "built $("$build/ccgate" --version | head -n 1)"
}

# Is there a proxy in the environment or in the configuration?
find_proxy()
{
    for name in https_proxy HTTPS_PROXY all_proxy ALL_PROXY http_proxy HTTP_PROXY; do
        eval "value=\${$name:-}"
        # shellcheck disable=SC2154 # set by eval
        if [ -n "$value" ]; then
            say "the environment names a proxy ($name)"
            return 0
        fi
    done
    if ! "$build/ccgate" dump-config >"$files/config" 2>"$files/why"; then
        cat "$files/why"
        fail 'the configuration has errors'
    fi
    awk '
        /^proxy:/ {
            sub(/^proxy:[ \t]*/, "")
            sub(/[ \t]*#.*/, "")
            if ($0 != "" && $0 != "[]" && $0 != "null" && $0 != "~" && $0 != "\"\"")
                found = 1
            list = 1
            next
        }
        list && /^[ \t]*-/ { found = 1 }
        /^[^ \t#-]/ { list = 0 }
        END { exit !found }' "$files/config" || return 1
    say 'the configuration names a proxy'
}

# start NAME READY-PATTERN COMMAND...: starts a program in the background and shows its
# lines as they come. Sets $started to its process and $address to what stands in
# \(...\) of the pattern, in the line that says the program is ready.
start()
{
    name=$1
    pattern=$2
    shift 2
    mkfifo "$files/$name" || fail 'no named pipe could be made'
    "$@" >"$files/$name" 2>&1 </dev/null &
    started=$!
    pids="$started $pids"
    address=
    exec 3<"$files/$name"
    while [ -z "$address" ] && IFS= read -r line <&3; do
        show_line "$name" "$line"
        address=$(say "$line" | sed -n "s,$pattern,\\1,p")
    done
    [ -n "$address" ] || fail "$name did not start"
    follow "$name" <&3 &
    exec 3<&-
}

follow()
{
    trap '' INT
    while IFS= read -r line; do
        show_line "$1" "$line"
    done
}

# show_line NAME LINE: the mocks' lines begin with the time already; ccgate's with the date.
show_line()
{
    case $2 in
    [0-9][0-9]:[0-9][0-9]:*) say "$2" ;;
    [0-9][0-9][0-9][0-9]-*T*Z\ *)
        line=${2#*T}
        printf '%s %-8s %s\n' "${line%%Z *}" "$1" "${line#*Z }"
        ;;
    *) show "$1" "$2" ;;
    esac
}

# run_curl FILE ARGUMENT...: a request through ccgate; its answer is in FILE, what curl
# says of it in $told ("STATUS CONNECT-STATUS SECONDS BYTES").
run_curl()
{
    into=$1
    shift
    told=$(curl --silent --show-error --noproxy '' --proxy "http://$gate" \
        --max-time 120 --output "$into" \
        --write-out '%{http_code} %{http_connect} %{time_total} %{size_download}' \
        "$@" 2>"$files/curl.err")
    curl_status=$?
    # shellcheck disable=SC2086
    set -- $told
    code=${1:-000}
    show curl "status $code after ${3:-?} s, ${4:-0} bytes"
    [ "$curl_status" -eq 0 ] || show curl "$(cat "$files/curl.err")"
    return "$curl_status"
}

stays_up()
{
    [ "$once" = no ] && [ -t 0 ] && [ -t 1 ]
}

# stay_up LINE...: says what to type elsewhere; then ccgate runs until it is interrupted.
stay_up()
{
    say ''
    say 'ccgate stays up. In another shell:'
    say "  export HTTP_PROXY=http://$gate HTTPS_PROXY=http://$gate"
    say "  export http_proxy=http://$gate https_proxy=http://$gate"
    for text in "$@"; do
        say "  $text"
    done
    say 'Ctrl-C ends it.'
    good=$outcome
    trap 'outcome="$good; stopped"; exit 0' INT TERM
    wait "$gate_pid"
    fail 'ccgate ended by itself'
}

# start_gate ARGUMENT...: sets $gate to its address.
start_gate()
{
    start ccgate '.* listening .*addr="*\([^ "/]*:[0-9]*\).*' \
        "$build/ccgate" --log-to stderr --log-format text --log-level info "$@"
    gate=$address
    gate_pid=$started
}

# The real thing: whatever the origin answers, it was reached.
run_real()
{
    if [ -z "$url" ] && [ -t 0 ] && [ -t 1 ]; then
        printf 'URL to fetch [https://api.anthropic.com/]: '
        IFS= read -r url
    fi
    url=${url:-https://api.anthropic.com/}
    "$build/ccgate" route "$url" || fail "there is no way to $url"
    if stays_up; then
        start_gate --via-corp-proxy
    else
        start_gate --via-corp-proxy --listen 127.0.0.1:0
    fi
    show curl "GET $url through http://$gate"
    run_curl "$files/body" --dump-header "$files/head" "$url"
    if grep -qi '^proxy-status: *ccgate' "$files/head" 2>/dev/null; then
        grep -i '^proxy-status:' "$files/head"
        head -c 2000 "$files/body" 2>/dev/null
        fail "$url could not be reached (the lines above say why)"
    fi
    [ "$curl_status" -eq 0 ] || fail "$url could not be reached: $(cat "$files/curl.err")"
    show curl "GET $url once more, streamed as it arrives"
    run_curl "$files/body" --no-buffer "$url" || fail "the second request failed"
    outcome="ok: $url answered $code through ccgate and the proxy"
    ! stays_up || stay_up "curl $url"
}

# A certificate for the mock provider, good for a day.
make_certificate()
{
    openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=provider.test \
        -addext subjectAltName=DNS:provider.test -keyout "$files/key.pem" \
        -out "$files/cert.pem" >"$files/openssl.log" 2>&1 || {
        cat "$files/openssl.log"
        fail 'no certificate could be made'
    }
}

write_demo_config()
{
    (
        umask 077
        say swordfish >"$files/password"
        mkdir "$files/state" "$files/run"
        cat >"$files/ccgate.yaml" <<TEXT
listen: 127.0.0.1:0
via_corp_proxy: true
proxy: http://$proxy
username: CORP\\alice
password_file: $files/password
state_dir: $files/state
runtime_dir: $files/run
TEXT
    ) || fail 'the configuration could not be written'
}

run_demo()
{
    say 'demonstration: curl -> ccgate -> mock corporate proxy -> mock provider'
    for name in https_proxy HTTPS_PROXY all_proxy ALL_PROXY http_proxy HTTP_PROXY \
        no_proxy NO_PROXY; do
        unset "$name"
    done
    make_certificate
    start provider '^ready \(.*\)' "$build/tests/mock/mockprovider" \
        --listen 127.0.0.1:0 --tls "$files/cert.pem" "$files/key.pem" --print
    provider=$address
    start proxy '^ready \(.*\)' "$build/tests/mock/mockproxy" --listen 127.0.0.1:0 \
        --auth ntlm:CORP:alice:swordfish --map "provider.test:443=$provider" --print
    proxy=$address
    write_demo_config
    start_gate --config "$files/ccgate.yaml"
    demo_request
    demo_stream
    outcome='ok: 2 requests went curl -> ccgate -> proxy with login -> provider'
    ! stays_up || {
        cp "$files/cert.pem" "$build/demo-ca.pem"
        stay_up "curl --cacert $build/demo-ca.pem https://provider.test/"
    }
}

demo_request()
{
    say ''
    show curl "GET https://provider.test/ through http://$gate"
    run_curl "$files/body" --cacert "$files/cert.pem" https://provider.test/ ||
        fail 'the request did not get through'
    grep -q 'mock provider' "$files/body" || fail 'the answer is not the provider'\''s'
}

# The events are counted as they come, with the time of each.
demo_stream()
{
    say ''
    show curl "POST https://provider.test/v1/messages, streamed, through http://$gate"
    curl --silent --show-error --no-buffer --noproxy '' --proxy "http://$gate" \
        --max-time 120 --cacert "$files/cert.pem" \
        --header 'content-type: application/json' --data '{"stream":true}' \
        https://provider.test/v1/messages 2>&1 | while IFS= read -r line; do
        case $line in
        event:*) show curl "received $line" ;;
        data:* | '') ;;
        *) show curl "$line" ;;
        esac
        say "$line" >>"$files/stream"
    done
    grep -q '^event: message_stop' "$files/stream" ||
        fail 'the stream did not come to its end'
}

main "$@"
