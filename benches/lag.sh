#!/bin/sh
# How late arrivals go out: `cutover load URL --rate RATE` against the bundled service's `GET /health`, the server pinned to
# the last core and the generator to the first, so that the generator's core is free. Prints the dispatch lag of each round,
# with real-time priority (root, CAP_SYS_NICE) and without; the medians of their P99 last.
#
#   benches/lag.sh [CUTOVER] [ROUNDS] [RATE] [SECONDS]
#
# CUTOVER is a release build, by default target/release/cutover. Needs jq, taskset and setpriv, and two cores. Figures mean
# something on a quiet machine only.
set -eu
cutover=${1:-target/release/cutover} rounds=${2:-5} rate=${3:-5000} seconds=${4:-10}
last=$(($(nproc) - 1))
work=$(mktemp -d)
server=
finish() { [ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT INT TERM

taskset -c "$last" "$cutover" serve --listen 127.0.0.1:0 >"$work/server" 2>"$work/server.err" &
server=$!
until grep -q 'listening on' "$work/server"; do
    kill -0 "$server" 2>/dev/null || { cat "$work/server.err" >&2; exit 3; }
    sleep 0.1
done
url=$(sed -n 's/^listening on //p' "$work/server")/health

measure() {
    name=$1
    shift
    "$@" taskset -c 0 "$cutover" load "$url" --rate "$rate" --duration "${seconds}s" --quiet --out "$work/out" \
        >/dev/null 2>"$work/err" || cat "$work/err" >&2
    jq -r '.load | [.generator.dispatch_lag_us | .p50, .p99, .max, .count], [.generator | .offered, .achieved, .cpu],
        [.sides.candidate.response_time_us | .p50, .p99] | @tsv' "$work/out/run.json" | tr '\n' '\t' |
        awk -v name="$name" '{ printf "%-18s lag µs P50 %4d  P99 %5d  max %6d  of %d   offered %.0f achieved %.0f/s  own CPU %.2f   response µs P50 %d P99 %d\n", name, $1, $2, $3, $4, $5, $6, $7, $8, $9 }'
    jq -r '.load.generator.dispatch_lag_us.p99' "$work/out/run.json" >>"$work/p99 $name"
    rm -rf "$work/out"
}

round=0
while [ "$round" -lt "$rounds" ]; do
    measure 'as this user'
    measure 'without priority' setpriv --inh-caps=-sys_nice --ambient-caps=-sys_nice --bounding-set=-sys_nice
    round=$((round + 1))
done
for name in 'as this user' 'without priority'; do
    sort -n "$work/p99 $name" | awk -v name="$name" '{ all[NR] = $1 } END {
        printf "%-18s median of the P99 of %d rounds: %d µs\n", name, NR, all[int((NR + 1) / 2)] }'
done
