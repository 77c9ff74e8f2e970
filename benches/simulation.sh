#!/bin/sh
# The table of false alarms, power and stopping times: simulated runs with known truth, judged by the code that judges real
# ones (src/judge/simulation.rs). Takes some minutes.
#
#   benches/simulation.sh
set -eu
cargo test --package cutover --lib -- judge::simulation::table --exact --ignored --nocapture
