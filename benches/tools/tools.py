"""Load generators and the server that they are measured against, for `benches/generator` and `benches/truth`."""

import argparse
import contextlib
import csv
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def arguments(about, seconds):
    """What both benchmarks ask for."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, formatter_class=shape)
    parser.add_argument("--target", type=pathlib.Path, default=target, help="cargo's target directory (a release build)")
    parser.add_argument("--oha", default="oha", help="`cargo install --locked oha`")
    parser.add_argument("--locust", default="locust", help="`pip install locust`")
    parser.add_argument("--wrk", default="wrk", help="the package `wrk`")
    parser.add_argument("--seconds", type=int, default=seconds, help=f"length of each run, {seconds} by default")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run, 3 by default")
    parser.add_argument("--connections", type=int, default=32, help="connections of each generator, 32 by default")
    parser.add_argument("--parity", default="false", choices=["true", "false"], help="let cutover compare answers too")
    parser.add_argument("--rate", type=int, action="append", help="requests per second; may be repeated")
    parser.add_argument("--script", action="append", help="a script of the truth server; may be repeated")
    parser.add_argument("--only", action="append", help="only this tool; may be repeated")
    parser.add_argument("--server-core", default="0", help="core of the server")
    parser.add_argument("--core", default="1", help="core of the generators")
    options = parser.parse_args()
    release = options.target / "release"
    options.cutover = release / "cutover"
    options.truth = release / "examples" / "truth-server"
    options.goose = release / "examples" / "goose-get"
    for path in (options.cutover, options.truth, options.goose):
        if not path.exists():
            build = "cargo build --release --bin cutover --example truth-server --example goose-get"
            parser.error(f"there is no {path}: {build}")
    return options


class Server:
    """The truth server, pinned to its core."""

    def __init__(self, options, script, *more):
        # It is not to be kept from its work; where that may not be asked for, `nice` says so and goes on.
        command = ["nice", "-n", "-20", "taskset", "-c", options.server_core, options.truth, script, *more]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip().removeprefix("listening on ")
        self.port = int(self.url.rsplit(":", 1)[1])

    def served(self):
        """Answers so far."""
        with urllib.request.urlopen(self.url + "/served") as answer:
            return int(answer.read())

    def stop(self):
        """Ends it; gives back by how much answers were late, in µs."""
        late, _ = self.process.communicate(timeout=20)
        return json.loads(late)


def expected(options, script, rate, seconds):
    """What an open client must see, in µs."""
    command = [options.truth, script, "--expect", str(rate), str(seconds)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def plan(url, load):
    flow = "flows: [{ name: one, steps: [{ request: GET /, expect: { status: [200] } }] }]"
    side = f"{{ url: '{url}' }}"
    return f"version: 1\nname: bench\nsides: {{ baseline: {side}, candidate: {side} }}\n{flow}\nload: {{ {load} }}\n"


def find(options, *names):
    """The tools that are there; those that are not are named."""
    here = {"cutover": options.cutover, "goose": options.goose}
    here |= {name: shutil.which(getattr(options, name)) for name in ("wrk", "oha", "locust")}
    wanted = [name for name in names if not options.only or name.split()[0] in options.only]
    for name in dict.fromkeys(name.split()[0] for name in wanted):
        if not here[name]:
            print(f"skipped: {name} is not installed")
    return [name for name in wanted if here[name.split()[0]]], here


def version(name, path):
    if name == "goose":
        lock = (ROOT / "Cargo.lock").read_text()
        return lock.split('name = "goose"\nversion = "')[1].split('"')[0]
    run = subprocess.run([path, "--version"], capture_output=True, text=True)
    found = re.search(r"\d+(\.\d+)+", run.stdout or run.stderr)
    return found.group() if found else "?"


def start(options, command, directory, environment=None):
    """Starts a generator on its core, with its output in `out` and `err`."""
    with open(directory / "out", "w") as out, open(directory / "err", "w") as err:
        environment = {**os.environ, **(environment or {})}
        command = ["taskset", "-c", options.core, *map(str, command)]
        return subprocess.Popen(command, stdout=out, stderr=err, cwd=directory, env=environment)


def cpu(pid):
    """User and system time of a process and of nothing else, in seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid):
    """Most memory that was resident, in MB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def reported(name, directory):
    """The percentiles that a tool reports, in µs; those it does not tell are left out."""
    tool = name.split()[0]
    if tool == "cutover":
        record = json.loads((directory / "run" / "run.json").read_text())
        side = record["load"]["sides"]["candidate"]
        lag = record["load"]["generator"]["dispatch_lag_us"]
        figure = "service_time_us" if name.endswith("service") else "response_time_us"
        return {**{key: side[figure][key] for key in ("p50", "p90", "p95", "p99", "p999")}, "lag": lag}
    if tool in ("wrk", "goose"):
        lines = [line for line in (directory / "out").read_text().splitlines() if line.startswith('{"count"')]
        return json.loads(lines[-1])
    if tool == "oha":
        found = json.loads((directory / "out").read_text())["latencyPercentiles"]
        names = {"p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99", "p999": "p99.9"}
        return {key: found[name] * 1e6 for key, name in names.items() if found.get(name)}
    with open(directory / "locust_stats.csv") as file:
        row = list(csv.DictReader(file))[-1]
    names = {"p50": "50%", "p90": "90%", "p95": "95%", "p99": "99%", "p999": "99.9%"}
    return {key: float(row[name]) * 1e3 for key, name in names.items()}


@contextlib.contextmanager
def awake():
    """No processor sleeps meanwhile: one that does takes some 50 µs to wake up, here and in the server, and every tool's
    figures would hold that. What keeps them awake gives way at once to whatever else wants to run."""

    def lowest(core):
        os.sched_setaffinity(0, {core})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

    loop = ["sh", "-c", "while :; do :; done"]
    cores = sorted(os.sched_getaffinity(0))
    spinning = [subprocess.Popen(loop, preexec_fn=functools.partial(lowest, core)) for core in cores]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def scratch():
    return tempfile.TemporaryDirectory(prefix="cutover-bench-")


def wait(process, most):
    """Waits for the end of a generator, but not for ever."""
    try:
        process.wait(timeout=most)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def until(process, moment):
    time.sleep(max(0.0, moment - time.monotonic()))
    return process.poll() is None
