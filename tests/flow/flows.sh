#!/bin/sh
# Runs all flows through the program that was built; started from the build directory.
CCGATE=${CCGATE:-$PWD/ccgate}
export CCGATE
flows=${srcdir:-.}/tests/flow
set -- "$flows"/*.flow
if [ ! -x "${CCGATE%/*}/ccgate-pac" ]; then
    echo 'flows.sh: built without an engine for PAC scripts: pac-*.flow are left out'
    for flow; do
        shift
        case ${flow##*/} in
        pac-*) ;;
        *) set -- "$@" "$flow" ;;
        esac
    done
fi
exec tests/flow/flow "$@"
