#!/bin/sh
# What comparing answers under load costs the generator: closed load with 32 users on two addresses of one server, with
# `load: { parity: true }` and `false` in turn; medians of the throughput, their ratio, and the share that was compared.
#
#   benches/load-parity.sh [CUTOVER] [ROUNDS] [PATH]
#
# CUTOVER is a release build, by default target/release/cutover; PATH is what is asked for, by default /health, the
# quickest answer there is. Needs jq. Figures mean something on a quiet machine only.
set -eu
cutover=${1:-target/release/cutover} rounds=${2:-7} path=${3:-/health}
work=$(mktemp -d)
server=
finish() { [ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT INT TERM

"$cutover" serve --listen 127.0.0.1:0 >"$work/server" 2>"$work/server.err" &
server=$!
until grep -q 'listening on' "$work/server"; do
    kill -0 "$server" 2>/dev/null || { cat "$work/server.err" >&2; exit 3; }
    sleep 0.1
done
url=$(sed -n 's/^listening on //p' "$work/server")

plan() {
    cat <<PLAN
version: 1
name: load-parity-$1
sides: { baseline: { url: "$url" }, candidate: { url: "$url" } }
auth:
  login:
    request: POST /api/v1/auth/token
    json: { username: admin, password: admin-password }
    capture: { token: \$.access_token }
  header: "Authorization: Bearer {{token}}"
flows: [{ name: one, steps: [{ request: GET $path }] }]
compare: { ignore: [{ header: x-request-id, reason: drawn anew for each request }] }
load: { model: closed, users: 32, pairs: 2, block: 3s, settle: 500ms, parity: $1 }
PLAN
}

for mode in true false; do plan $mode >"$work/$mode.yaml"; done
round=0
while [ "$round" -lt "$rounds" ]; do
    # In turn, and the other one first in every second round.
    [ $((round % 2)) -eq 0 ] && order='true false' || order='false true'
    for mode in $order; do
        "$cutover" load "$work/$mode.yaml" --quiet --out "$work/out" >/dev/null 2>&1 || true
        jq -r '[.load.sides[].throughput] | add / length' "$work/out/run.json" >>"$work/throughput-$mode"
        [ "$mode" = false ] || jq -r '.load.parity | [.kept[], .answers[]] | (.[0] + .[1]) / (.[2] + .[3])' \
            "$work/out/run.json" >>"$work/share"
        rm -rf "$work/out"
    done
    round=$((round + 1))
done

median() { sort -n "$1" | awk '{ all[NR] = $1 } END { print (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2 }'; }
with=$(median "$work/throughput-true") without=$(median "$work/throughput-false")
awk -v with="$with" -v without="$without" -v share="$(median "$work/share")" -v rounds="$rounds" -v path="$path" 'BEGIN {
    printf "GET %s, 32 users, median of %d runs each\n", path, rounds
    printf "without comparing  %9.0f/s\nwith               %9.0f/s\nratio              %9.3f\n", without, with, with / without
    printf "answers compared   %8.1f %%\n", share * 100
}'
