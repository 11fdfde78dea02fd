#!/bin/sh
# debian13.sh: builds and checks ccgate in a Debian 13 root, which it makes with
# debootstrap from the mirror this machine uses. Debian 13 has newer libraries than
# Debian 12. Usage: debian13.sh [--dry-run] [DIRECTORY]
# DIRECTORY (default: build-debian13 in the source tree) keeps the root for the next time.
# DEBIAN_MIRROR names another mirror.
set -eu

main()
{
    dry_run=no
    if [ "${1:-}" = --dry-run ]; then
        dry_run=yes
        shift
    fi
    source=$(cd "$(dirname "$0")/.." && pwd)
    # shellcheck source=contrib/lib.sh
    . "$source/contrib/lib.sh"
    directory=${1:-$source/build-debian13}
    # shellcheck disable=SC2086
    packages_install $packages_debian13
    [ "$dry_run" = no ] || return 0
    mkdir -p "$directory"
    directory=$(cd "$directory" && pwd)
    root=$directory/root
    trap finish EXIT
    trap 'exit 1' HUP INT TERM
    make_root
    copy_tree
    run_inside
}

# The mirror of the first Debian entry of the configured package sources.
find_mirror()
{
    if [ -n "${DEBIAN_MIRROR:-}" ]; then
        say "$DEBIAN_MIRROR"
        return
    fi
    # shellcheck disable=SC2016 # apt-get's own variables
    apt-get indextargets --format '$(LABEL) $(COMPONENT) $(REPO_URI)' \
        'Created-By: Packages' | sed -n '/^Debian main /{s///;p;q;}'
}

make_root()
{
    # shellcheck disable=SC2086
    include=$(package_names $packages_build $packages_check libquickjs | tr '\n' ',')
    # shellcheck disable=SC2086
    more=$(package_names $packages_desktop)
    all="$include $more"
    if [ "$(cat "$root/.complete" 2>/dev/null)" = "$all" ]; then
        say "using the root in $root"
        return
    fi
    mirror=$(find_mirror)
    if [ -z "$mirror" ]; then
        say 'no Debian mirror is configured here: set DEBIAN_MIRROR' >&2
        return 1
    fi
    say "making a root of Debian 13 in $root"
    as_root rm -rf "$root"
    mkdir -p "$directory/cache"
    # The keyring is named, so that an unsigned mirror is an error.
    as_root debootstrap --variant=minbase --cache-dir="$directory/cache" \
        --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
        --include="${include%,}" trixie "$root" "$mirror" </dev/null
    # debootstrap knows no alternatives of a dependency, which these have.
    # shellcheck disable=SC2086
    as_root chroot "$root" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $more </dev/null
    say "$all" | as_root tee "$root/.complete" >/dev/null
}

# package_names ENTRY...: those of lib.sh's entries, each once.
package_names()
{
    for entry in "$@"; do
        say "${entry%%:*}"
    done | sort -u
}

# The files that version control knows or would take, else the whole tree but the builds.
copy_tree()
{
    as_root rm -rf "$root/ccgate"
    as_root mkdir "$root/ccgate"
    if git -C "$source" rev-parse --git-dir >/dev/null 2>&1; then
        git -C "$source" ls-files -co --exclude-standard -z |
            tar -C "$source" --null --ignore-failed-read -T - -cf "$directory/tree.tar"
    else
        tar -C "$source" --exclude='./build*' -cf "$directory/tree.tar" .
    fi
    as_root tar -C "$root/ccgate" --no-same-owner -xf "$directory/tree.tar"
    rm -f "$directory/tree.tar"
}

# Tests read /proc and open terminals; without the right to mount they say so themselves.
run_inside()
{
    as_root mount -t proc proc "$root/proc" || say 'proc could not be mounted'
    as_root mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" ||
        say 'devpts could not be mounted'
    # shellcheck disable=SC2016 # expanded by the shell inside
    as_root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
        chroot "$root" sh -ec '
            . /etc/os-release
            echo "inside: $PRETTY_NAME, $(gcc --version | head -n 1)"
            cd /ccgate
            autoreconf -fi
            mkdir build
            cd build
            ../configure --enable-werror --enable-tests
            make -j2
            make -j2 check VERBOSE=1
            # The other JavaScript engine, which Debian 12 does not have.
            mkdir ../build-quickjs
            cd ../build-quickjs
            ../configure --enable-werror --enable-tests --with-pac-engine=quickjs
            make -j2 ccgate-pac
            tests="\$(pac_tests) \$(pac_daemon_tests) tests/unit/test_pac_memory"
            make -j2 check VERBOSE=1 check_PROGRAMS="$tests" TESTS="$tests"
            # libproxy 0.5, where Debian 12 has 0.4.
            make check-desktop' </dev/null
}

finish()
{
    status=$?
    for mounted in proc dev/pts; do
        if grep -q " $root/$mounted " /proc/mounts; then
            as_root umount "$root/$mounted"
        fi
    done
    if [ "$status" -eq 0 ]; then
        say 'debian13: configure, make and make check passed in a Debian 13 root'
    else
        say "debian13: failed with status $status"
    fi
    exit "$status"
}

main "$@"
