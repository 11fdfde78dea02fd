#!/bin/sh
# Replays every stored fuzz input through its target.
set -u
here=${srcdir:-.}/tests/corpus
failed=0
for program in tests/fuzz/replay_*; do
    case $program in *.o | *.c | *.log | *.trs) continue ;; esac
    [ -x "$program" ] || continue
    name=${program##*replay_}
    if "$program" "$here/$name"; then
        echo "PASS corpus $name"
    else
        echo "FAIL corpus $name"
        failed=1
    fi
done
exit $failed
