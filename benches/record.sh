#!/usr/bin/env bash
# How many requests per second the recording proxy passes on, on one core, and what recording loses.
#
#   cargo build --release && benches/record.sh [SECONDS] [USERS]
#
# The proxy has core 0 for itself; upstream (`cutover serve`, its health check: a small JSON answer) and the generator
# share core 1, so the figure is what these three do together. The same load without the proxy comes first.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10} users=${2:-32}
cutover=${CUTOVER:-target/release/cutover}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT

taskset -c 1 "$cutover" serve --stack async --listen 127.0.0.1:18091 --migrate --seed-students 10 \
  --database-url "sqlite://$work/db" >"$work/serve" 2>/dev/null &
taskset -c 0 "$cutover" record --upstream http://127.0.0.1:18091 --listen 127.0.0.1:18092 \
  --out "$work/plan.yaml" --max-steps 1000 2>"$work/record" &
proxy=$!
for _ in $(seq 100); do grep -q listening "$work/serve" && grep -q recording "$work/record" && break; sleep 0.1; done

for port in 18091 18092; do
  taskset -c 1 "$cutover" load "http://127.0.0.1:$port/health" -c "$users" -d "${seconds}s" \
    --out "$work/$port" --quiet >/dev/null 2>&1 || true
  [ $port = 18091 ] && name="without the proxy" || name="through the proxy"
  python3 - "$work/$port/run.json" "$name" <<'PY'
import json, sys
side = json.load(open(sys.argv[1]))["load"]["sides"]["candidate"]
times = side["response_time_us"]
print(f'{sys.argv[2]}: {side["throughput"]:.0f} requests/s, {side["errors"]} errors, p50 {times["p50"]} us, p99 {times["p99"]} us')
PY
done
cpu() { awk '{print ($14 + $15) / 100}' "/proc/$proxy/stat"; }
echo "the proxy used $(cpu) s of its core"
kill -INT $proxy
wait $proxy || true
grep -E 'went through|not recorded' "$work/record"
