"""What went over the wire, seen by the kernel and by no load generator: the instrument that all of them are held against."""

import math
import pathlib
import shutil
import signal
import struct
import subprocess
import time

HEADS = 96
"""Bytes of each packet: Ethernet, IP and TCP with its options, and the first word of what it carries."""


def is_there():
    return shutil.which("tcpdump") is not None


class Wire:
    """Packets of one port of this machine, with the kernel's times. Only with the right to capture them."""

    def __init__(self, port, directory, core):
        self.port, self.file = port, pathlib.Path(directory) / "wire.pcap"
        # What carries nothing is left out. The capture is behind everything else that wants to run, and not where a server
        # that never sleeps would keep it from running at all.
        words = f"tcp port {port} and ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2) != 0"
        command = ["taskset", "-c", core, "nice", "-n", "19", "tcpdump", "-i", "lo", "-Q", "in", "-s", HEADS, "-B", "65536"]
        command += ["-U", "-w", self.file, "--time-stamp-precision=nano", "-Z", "root", words]
        self.process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
        # It says so once it listens.
        self.said = self.process.stderr.readline()
        self.listens = "listening on" in self.said

    def stop(self):
        """Ends the capture; gives back the moments of requests and answers, in s. ValueError: nobody saw all of them."""
        if not self.listens:
            raise ValueError((self.said + self.process.communicate(timeout=30)[1]).strip())
        # The kernel hands packets over by the second.
        size, since = -1, time.monotonic()
        while time.monotonic() < since + 2:
            if self.file.stat().st_size != size:
                size, since = self.file.stat().st_size, time.monotonic()
            time.sleep(0.1)
        self.process.send_signal(signal.SIGINT)
        said = self.said + self.process.communicate(timeout=30)[1]
        if self.process.returncode:
            raise ValueError(f"tcpdump: {said}")
        lost = [line for line in said.splitlines() if "dropped by kernel" in line and not line.startswith("0 ")]
        if lost:
            raise ValueError(f"the capture is not whole: {lost[0]}")
        return exchanges(self.file.read_bytes(), self.port)


def exchanges(capture, port):
    """Each request that begins with `GET / ` with the moment of the last packet before the next one on its connection."""
    (magic,) = struct.unpack_from("<I", capture)
    if magic != 0xA1B23C4D:
        raise ValueError(f"a capture of an unknown kind: {magic:#x}")
    at, found, under_way = 24, [], {}
    while at + 16 <= len(capture):
        seconds, nanos, length, _ = struct.unpack_from("<IIII", capture, at)
        packet = capture[at + 16 : at + 16 + length]
        at += 16 + length
        ip = packet[14:]
        tcp = ip[(ip[0] & 0xF) * 4 :]
        source, target = struct.unpack_from(">HH", tcp)
        moment = seconds + nanos / 1e9
        if target == port:
            if tcp[(tcp[12] >> 4) * 4 :].startswith(b"GET / "):
                under_way[source] = len(found)
                found.append([moment, math.nan])
        elif source == port and target in under_way:
            found[under_way[target]][1] = moment
    return found


def percentiles(found, rate, seconds):
    """What clients saw from their intended starts, in µs. Requests were due evenly, in the order in which they went out; the
    schedule began so that none went out before it was due."""
    found = sorted(found)
    if len(found) != rate * seconds or any(math.isnan(done) for _, done in found):
        raise ValueError(f"{len(found)} requests were on the wire, {rate * seconds} were to be")
    start = min(sent - number / rate for number, (sent, _) in enumerate(found))
    times = sorted((done - start - number / rate) * 1e6 for number, (_, done) in enumerate(found))
    shares = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
    return {name: times[max(0, math.ceil(share * len(times)) - 1)] for name, share in shares.items()}
