#!/bin/sh
# bench.sh: installs what the benchmarks need, builds ccgate and measures; writes
# docs/BENCHMARKS.md, but for "quick", which only shows.

usage()
{
    cat <<'TEXT'
usage: sh contrib/bench.sh [--dry-run] [--help] [login | pac | quick]

  login, pac  only that part of docs/BENCHMARKS.md
  quick       a short run of all, which writes nothing
  --dry-run   only say which packages are missing
TEXT
}

main()
{
    dry_run=no
    target=bench
    for word in "$@"; do
        case $word in
        --dry-run) dry_run=yes ;;
        --help | -h) usage; exit 0 ;;
        login | pac | quick) target=bench-$word ;;
        *) usage >&2; exit 2 ;;
        esac
    done
    source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
    # shellcheck source=contrib/lib.sh
    . "$source/contrib/lib.sh"
    cd "$source" || exit 1
    # shellcheck disable=SC2086
    packages_install $packages_build $packages_demo $packages_bench || exit 1
    [ "$dry_run" = no ] || exit 0
    autotools_run "$source" &&
        build_configure build-gcc --enable-werror --enable-tests CC=gcc &&
        make -C build-gcc -j"$(jobs_count)" &&
        make -C build-gcc "$target"
}

main "$@"
