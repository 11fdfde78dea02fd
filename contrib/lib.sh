# shellcheck shell=sh
# lib.sh: what the scripts of contrib/ share: which Debian packages are needed for what,
# installing those that are missing, and building in a directory of its own. Sourced.

# An entry is PACKAGE, or PACKAGE:COMMAND where having the command is enough.
# shellcheck disable=SC2034 # used by the scripts that source this file
packages_build='autoconf:autoreconf automake:automake gcc:gcc make:make
pkg-config:pkg-config libc6-dev libuv1-dev libc-ares-dev libssl-dev libyaml-dev
libjansson-dev libkrb5-dev duktape-dev
libcurl4-openssl-dev'
# shellcheck disable=SC2034
packages_demo='ca-certificates curl:curl openssl:openssl'
# shellcheck disable=SC2034
packages_check='check util-linux:setpriv xz-utils:xz python3:python3 ca-certificates'
# shellcheck disable=SC2034
packages_lint='clang:clang clang-format:clang-format clang-tidy:clang-tidy
cppcheck:cppcheck shellcheck:shellcheck mandoc:mandoc'
# shellcheck disable=SC2034
packages_e2e='squid-openssl nginx:nginx fcgiwrap:fcgiwrap git:git curl:curl
openssl:openssl python3:python3 python3-venv nodejs:node npm:npm util-linux:setpriv
ca-certificates
winbind:ntlm_auth krb5-kdc:krb5kdc krb5-admin-server:kadmin.local krb5-user:kinit
gss-ntlmssp python3-gssapi gnome-keyring:gnome-keyring-daemon
libsecret-tools:secret-tool dbus:dbus-run-session microsocks:microsocks dante-server:danted
openssh-server:sshd openssh-client:ssh
python3-pacparser faketime:faketime iproute2:ip fish:fish wget:wget systemd
default-jdk-headless:javac golang-go:go awscli:aws
gnutls-bin:gnutls-serv softhsm2:softhsm2-util libengine-pkcs11-openssl
opensc:pkcs11-tool'
# Of check-e2e, too.
# shellcheck disable=SC2034
packages_desktop='libproxy1v5 libproxy1-plugin-gsettings libglib2.0-bin:gsettings
gsettings-desktop-schemas openssl:openssl'
# With libproxy 0.4 comes no PAC engine; 0.5 has its own.
# shellcheck disable=SC2034
packages_bench='check haproxy:haproxy tinyproxy:tinyproxy cntlm:cntlm squid-openssl
winbind:ntlm_auth python3:python3 libpacparser1 libproxy1v5 libproxy1-plugin-webkit'
# shellcheck disable=SC2034
packages_debian13='debootstrap:debootstrap debian-archive-keyring'

say()
{
    printf '%s\n' "$*"
}

# as_root COMMAND...: runs it as root, with sudo where we are not.
as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        say "this needs root, and there is no sudo: $*" >&2
        return 1
    fi
}

# package_there ENTRY: is it installed, or its command there?
package_there()
{
    case $1 in
    *:*)
        PATH=$PATH:/usr/sbin:/sbin command -v "${1#*:}" >/dev/null 2>&1
        ;;
    python3-venv)
        python3 -c 'import ensurepip, venv' >/dev/null 2>&1
        ;;
    *)
        dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q ' installed$'
        ;;
    esac
}

# packages_missing ENTRY...: prints the packages that are not there, each once.
packages_missing()
{
    for entry in "$@"; do
        package_there "$entry" || say "${entry%%:*}"
    done | sort -u
}

# The servers among the packages are for the tests, which start their own: while they are
# being installed a policy-rc.d keeps the system from starting them.
# shellcheck disable=SC2016 # expanded by the inner shell
install_script='
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap "rm -f $policy" EXIT
    trap "exit 1" HUP INT TERM
    printf "#!/bin/sh\nexit 101\n" >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q || echo "apt-get update failed; trying with the lists that are there"
apt-get install -q -y --no-install-recommends "$@"
'

# packages_install ENTRY...: installs what is missing, after saying what that is. With
# dry_run=yes it only says it.
packages_install()
{
    missing=$(packages_missing "$@")
    if [ -z "$missing" ]; then
        say 'packages: nothing is missing'
        return 0
    fi
    # shellcheck disable=SC2086 # a list of words
    say "packages: missing:" $missing
    [ "${dry_run:-no}" = no ] || return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        say 'there is no apt-get here: install them by hand, then run this again' >&2
        return 1
    fi
    # shellcheck disable=SC2086
    as_root sh -c "$install_script" sh $missing </dev/null
}

# jobs_count: how many compilers to run at once.
jobs_count()
{
    nproc 2>/dev/null || echo 2
}

# autotools_run SOURCE [force]: makes configure and Makefile.in, if they are missing or
# older than what they are made from.
autotools_run()
{
    if [ -e "$1/config.status" ]; then
        say "$1 itself is configured: run 'make distclean' there first" >&2
        return 1
    fi
    if [ "${2:-}" != force ] && [ -e "$1/configure" ] && [ -e "$1/Makefile.in" ] &&
        [ -z "$(find "$1" -name 'build?*' -prune -o \
            \( -name '*.am' -o -name '*.ac' -o -name '*.mk' \) \
            -newer "$1/Makefile.in" -print)" ]; then
        return 0
    fi
    (cd "$1" && autoreconf -fi)
}

# build_configure DIRECTORY ARGUMENT...: a VPATH build beside the sources; kept as it is
# when it was configured with the same arguments and the same configure.
build_configure()
{
    directory=$1
    shift
    mkdir -p "$directory" || return 1
    (
        cd "$directory" || exit 1
        if [ -n "$(find config.status -newer ../configure 2>/dev/null)" ] &&
            [ "$(cat configured-with 2>/dev/null)" = "$*" ]; then
            exit 0
        fi
        ../configure "$@" && printf '%s\n' "$*" >configured-with
    )
}
