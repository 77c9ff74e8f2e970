#!/bin/sh
# How often a service looks slower than itself: runs of eight pairs of blocks of 0.6 s, both sides being one address, each judged by
# gates that allow for no difference at all, and by one that allows for a quarter.
#
#   benches/aa.sh [CUTOVER] [RUNS] [FIRST] [TABLE]
#
# CUTOVER is a build, by default target/release/cutover. Seeds go from FIRST (1) on, and lines are added to TABLE (a new file),
# so that 40 runs may be done in several goes. Needs jq.
set -eu
cutover=${1:-target/release/cutover} runs=${2:-40} first=${3:-1}
work=$(mktemp -d)
table=${4:-$work/table}
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
cat >"$work/aa.yaml" <<PLAN
version: 1
name: aa
sides: { baseline: { url: "$url" }, candidate: { url: "$url" } }
auth:
  login:
    request: POST /api/v1/auth/token
    json: { username: admin, password: admin-password }
    capture: { token: \$.access_token }
  header: "Authorization: Bearer {{token}}"
flows: [{ name: list, steps: [{ request: "GET /api/v1/students?page={{random:1..20}}&page_size=20" }] }]
load: { rate: 300/s, pairs: 8, block: 600ms, settle: 100ms, parity: false }
gates:
  - candidate.p50 <= baseline.p50
  - candidate.p90 <= baseline.p90
  - candidate.p95 <= baseline.p95
  - candidate.p95 <= baseline.p95 * 1.25
PLAN

seed=$first
while [ "$seed" -lt $((first + runs)) ]; do
    "$cutover" load "$work/aa.yaml" --quiet --seed "$seed" --out "$work/out" >/dev/null 2>&1 || true
    jq -r '[.run.seed, .verdict, (.gates[] | .status), (.gates[] | .estimate.value // "-")] | @tsv' \
        "$work/out/run.json" >>"$table"
    rm -rf "$work/out"
    seed=$((seed + 1))
done

awk -F '\t' '
    { runs++; if ($2 == "invalid") invalid++ }
    { wrong = 0; for (gate = 3; gate <= 6; gate++) { count[gate, $gate]++; if ($gate == "fail") wrong = 1 } failed += wrong }
    $10 != "-" { sum += log($10); squares += log($10) ^ 2; ratios++ }
    END {
        split("p50 <= baseline|p90 <= baseline|p95 <= baseline|p95 <= baseline * 1.25", names, "|")
        printf "%d runs of a service against itself, %d of them invalid\n", runs, invalid
        print "| gate | fail | not decided | pass |\n|---|---:|---:|---:|"
        for (gate = 3; gate <= 6; gate++)
            printf "| candidate.%s | %d | %d | %d |\n", names[gate - 2], count[gate, "fail"], count[gate, "inconclusive"], count[gate, "pass"]
        printf "| any of them | %d | | |\n", failed
        if (ratios > 1) printf "ratio of the P95s: standard deviation over the runs %.1f %%\n", 100 * sqrt((squares - sum ^ 2 / ratios) / (ratios - 1))
    }' "$table"
