#!/bin/sh
# Runs all flows through the program that was built; started from the build directory.
CCGATE=${CCGATE:-$PWD/ccgate}
export CCGATE
exec tests/flow/flow "${srcdir:-.}"/tests/flow/*.flow
