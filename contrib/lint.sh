#!/bin/sh
# lint.sh: the rules of the tree that tools can check: format, clang-tidy, cppcheck, banned
# functions, sizes, include direction, scripts, manual pages. `make lint` runs it.
# Usage: lint.sh [BUILD-DIRECTORY]   (where configure was run; default: here, else build)
# Every check is run; the exit status says whether all of them passed.
set -u

# The folders of src, and certs, in the order of the house: a folder may include itself
# and those to its left. Those joined by / stand on one level and do not know of each
# other. The children in pac/ include themselves and base only: never config, secrets or
# sockets.
house='base config http net certs route/auth up fwd gate admin ca'

max_file_lines=600
max_function_lines=100

main()
{
    case ${1:-} in
    -*)
        sed -n '2,5s/^# //p' "$0"
        exit 2
        ;;
    esac
    source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
    build=$source/build
    [ ! -e config.status ] || build=.
    build=${1:-$build}
    build=$(cd "$build" 2>/dev/null && pwd) || build=
    cd "$source" || exit 1
    list=$(mktemp -d) || exit 1
    trap 'rm -rf "$list"' EXIT
    trap 'exit 1' HUP INT TERM
    list_files
    passed=0
    failed=0
    skipped=0
    check format check_format
    check clang-tidy check_tidy
    check cppcheck check_cppcheck
    check banned check_banned
    check sizes check_sizes
    check includes check_includes
    check headers check_headers
    check scripts check_scripts
    check manuals check_manuals
    check paths check_paths
    say "lint: $passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}

say()
{
    printf '%s\n' "$*"
}

# check NAME FUNCTION: runs it and prints what it said, if it failed. Status 77: skipped.
check()
{
    start=$(date +%s)
    "$2" >"$list/out" 2>&1
    status=$?
    took=$(($(date +%s) - start))
    case $status in
    0)
        passed=$((passed + 1))
        say "ok   $1 (${took} s)"
        ;;
    77)
        skipped=$((skipped + 1))
        say "skip $1: $(tail -n 1 "$list/out")"
        ;;
    *)
        failed=$((failed + 1))
        say "FAIL $1 (${took} s)"
        sed 's/^/     /' "$list/out"
        ;;
    esac
}

need()
{
    command -v "$1" >/dev/null 2>&1 || {
        say "$1 is missing"
        return 1
    }
}

# What version control knows; in an unpacked release, everything but the builds.
list_files()
{
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files
    else
        find . \( -name 'build*' -o -name autom4te.cache -o -name configure \) -prune -o \
            -type f -print | sed 's,^\./,,'
    fi | sort | while IFS= read -r file; do
        [ -f "$file" ] && say "$file"
    done >"$list/all"
    grep '\.[ch]$' "$list/all" >"$list/code"
    grep '\.c$' "$list/code" >"$list/sources"
    grep '\.[1-9]$' "$list/all" | grep '^docs/' >"$list/manuals"
    {
        grep '\.sh$' "$list/all"
        grep -v '\.' "$list/all" | xargs grep -lE '^#! ?/bin/(ba)?sh' /dev/null
        grep '^\.ci/' "$list/all"
    } | sort -u >"$list/scripts"
}

# The layout depends on clang-format's version; the tree is formatted with Debian 12's.
check_format()
{
    need clang-format || return 1
    version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
    if [ "$version" != 14 ]; then
        say "clang-format 14 is the one that counts, this is $version"
        return 77
    fi
    status=0
    while IFS= read -r file; do
        clang-format "$file" | cmp -s - "$file" || {
            say "clang-format -i $file"
            status=1
        }
    done <"$list/code"
    return $status
}

# The flags of the build, as far as a checker needs them, one a line.
code_flags()
{
    libraries='libuv libcares openssl yaml-0.1 jansson libcurl'
    ! pkg-config --exists check || libraries="$libraries check"
    definitions=$(sed -n 's/^DEFS = //p' "$build/Makefile")
    # shellcheck disable=SC2086
    eval "printf '%s\n' -std=gnu11 -D_GNU_SOURCE $definitions \
        $(pkg-config --cflags $libraries)"
    say "-DCCGATE_PKGLIBEXECDIR=\"/\""
    say "-I$source"
    say "-I$source/src"
    say "-I$build"
}

check_tidy()
{
    need clang-tidy || return 1
    if [ -z "$build" ] || [ ! -e "$build/Makefile" ]; then
        say "there is no build in ${build:-the build directory}: run configure first"
        return 1
    fi
    code_flags >"$list/compile_flags.txt"
    # Of the two engines of PAC scripts, those whose headers are here.
    for engine in duktape.h quickjs/quickjs.h; do
        echo "#include <$engine>" | ${CC:-cc} -E - >/dev/null 2>&1 || say "$engine"
    done | sed 's,/.*,,; s,\.h$,,; s,.*,pac/engine_&.c,' >"$list/absent"
    grep -vxF -f "$list/absent" "$list/sources" >"$list/tidied"
    # One file a process: with more of them its check of va_list reports what is not there.
    xargs -P "$(nproc 2>/dev/null || echo 2)" -n 1 \
        clang-tidy --quiet --warnings-as-errors='*' -p "$list" \
        <"$list/tidied" >"$list/tidy" 2>&1
    status=$?
    grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed |^Use -header-filter' \
        "$list/tidy"
    return $status
}

check_cppcheck()
{
    need cppcheck || return 1
    # It cannot expand __VA_OPT__; without their definitions the macros are calls to it.
    cppcheck -ULOG_AT -ULOG_ERROR -ULOG_WARN -ULOG_INFO -ULOG_DEBUG --quiet --std=c11 --language=c --enable=warning,portability,performance \
        --inline-suppr --error-exitcode=1 --suppress=missingIncludeSystem \
        -j "$(nproc 2>/dev/null || echo 2)" -I. -Isrc --file-list="$list/sources"
}

# Code without comments, strings and character constants, the lines kept.
strip_code()
{
    awk '
        FNR == 1 { comment = 0 }
        {
            line = $0
            out = ""
            while (line != "") {
                if (comment) {
                    i = index(line, "*/")
                    if (!i) { line = ""; break }
                    line = substr(line, i + 2)
                    comment = 0
                } else if (match(line, /^"(\\.|[^"\\])*"/)) {
                    out = out "\"\""
                    line = substr(line, RLENGTH + 1)
                } else if (match(line, /^\047(\\.|[^\047\\])*\047/)) {
                    out = out "0"
                    line = substr(line, RLENGTH + 1)
                } else if (substr(line, 1, 2) == "/*") {
                    comment = 1
                    line = substr(line, 3)
                } else if (substr(line, 1, 2) == "//") {
                    line = ""
                } else {
                    out = out substr(line, 1, 1)
                    line = substr(line, 2)
                }
            }
            print FILENAME ":" FNR ": " out
        }' "$@"
}

check_banned()
{
    status=0
    banned='strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|strncpy|alloca'
    # shellcheck disable=SC2046
    strip_code $(cat "$list/code") >"$list/stripped"
    if grep -E "(^|[^A-Za-z0-9_.>])($banned) *\(" "$list/stripped"; then
        say "banned: $banned"
        status=1
    fi
    # Split, so that this line is not one of them.
    marks='TO''DO|FIX''ME|XX''X'
    if xargs grep -nE "\\b($marks)\\b" /dev/null <"$list/code"; then
        say 'a mark of unfinished work'
        status=1
    fi
    # A test that waits for time instead of for an event, or that takes a port for itself.
    if grep '^tests/' "$list/stripped" | grep -E '[^a-z_](sleep|usleep|nanosleep) *\('; then
        say 'a test that sleeps'
        status=1
    fi
    return $status
}

check_sizes()
{
    # shellcheck disable=SC2046
    awk -v max_file=$max_file_lines -v max_function=$max_function_lines '
        function end_file() {
            if (lines > max_file) {
                printf "%s: %d lines, at most %d\n", name, lines, max_file
                bad = 1
            }
        }
        FNR == 1 { end_file(); open = 0; name = FILENAME }
        { lines = FNR }
        /^\{/ { open = FNR; next }
        /^\}/ && open {
            if (FNR - open > max_function) {
                printf "%s:%d: a function of %d lines, at most %d\n", FILENAME, open,
                    FNR - open, max_function
                bad = 1
            }
            open = 0
        }
        END { end_file(); exit bad }' $(cat "$list/code")
}

check_includes()
{
    status=0
    # shellcheck disable=SC2046
    awk -v house="$house" '
        BEGIN {
            levels = split(house, level, " ")
            for (i = 1; i <= levels; i++) {
                n = split(level[i], folder, "/")
                for (j = 1; j <= n; j++)
                    rank[folder[j]] = i
            }
            programs = levels + 1
        }
        /^[ \t]*#[ \t]*include[ \t]*"/ {
            split($0, quoted, "\"")
            n = split(FILENAME, own, "/")
            from = own[1] == "certs" ? "certs" : n > 2 ? own[2] : ""
            to = quoted[2]
            if (!sub(/\/.*/, "", to)) {
                # autoconf.h, or a file beside a program
                if (quoted[2] != "autoconf.h" && from != "") {
                    printf "%s:%d: name it from src: %s\n", FILENAME, FNR, quoted[2]
                    bad = 1
                }
                next
            }
            if (!(to in rank) || (from != "" && !(from in rank))) {
                if (to != from) {
                    printf "%s:%d: no such folder in the house: %s\n", FILENAME, FNR, to
                    bad = 1
                }
                next
            }
            here = from == "" ? programs : rank[from]
            if (to != from && rank[to] >= here) {
                printf "%s:%d: %s may not include %s\n", FILENAME, FNR,
                    from == "" ? "src" : from, quoted[2]
                bad = 1
            }
        }
        END { exit bad }' $(grep -E '^(src|certs)/' "$list/code") /dev/null || status=1
    grep '^pac/' "$list/code" | xargs grep -nE '^[ \t]*#[ \t]*include[ \t]*"' /dev/null |
        grep -vE '"(pac|base)/' >"$list/strangers"
    if [ -s "$list/strangers" ]; then
        cat "$list/strangers"
        say 'pac may include base/ and pac/ only'
        status=1
    fi
    return $status
}

# Every file says what it is for, and a header is guarded by its own name.
check_headers()
{
    status=0
    while IFS= read -r file; do
        case $(head -n 1 "$file") in
        '/*'*) ;;
        *)
            say "$file: begins without a comment that says what it is for"
            status=1
            ;;
        esac
    done <"$list/code"
    grep -E '^(src|pac|certs)/.*\.h$' "$list/code" >"$list/own"
    while IFS= read -r file; do
        guard=CCGATE_$(say "${file#src/}" | tr 'a-z/.-' 'A-Z___')
        grep -q "^#ifndef $guard\$" "$file" || {
            say "$file: the guard should be $guard"
            status=1
        }
    done <"$list/own"
    return $status
}

check_scripts()
{
    need shellcheck || return 1
    xargs shellcheck -x <"$list/scripts"
}

check_manuals()
{
    need mandoc || return 1
    [ -s "$list/manuals" ] || {
        say 'there are no manual pages'
        return 1
    }
    xargs mandoc -Tlint -Wwarning <"$list/manuals"
}

# Nothing in the tree names a place of the machine it was written on.
check_paths()
{
    # Split, so that this line is not one of them.
    places='/wo''rk/|/fa''rm/|/ho''me/[a-z]+/|/ro''ot/[A-Za-z.]'
    ! xargs grep -nIE "(^|[^A-Za-z0-9_.])($places)" /dev/null <"$list/all"
}

main "$@"
