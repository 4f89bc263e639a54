#!/usr/bin/env python3
"""peers - quarterdeck beside other terminal Docker consoles: same containers, same run.

    peers.py setup N        N small labelled containers on the default socket's engine
    peers.py run --tool qd=target/release/qd --tool dtop=dtop [--rounds 3] [--seconds 20]
    peers.py logs --qd target/release/qd [--lines 1000000]      beside `docker logs`
    peers.py flood --qd target/release/qd [--rate 20000]        keys while a log streams in
    peers.py demo --qd target/release/qd [--services 2000]      the simulated fleet: scale
    peers.py teardown       removes what setup and logs made, nothing else

Every tool is a black box in a 200x50 pseudo terminal. Rounds are interleaved; medians are
printed as a Markdown table. Needs Linux, root (to read the engine's CPU) and `pip install pyte`,
which renders what a tool wrote, after it has ended, from the time-stamped bytes.

    names       ms from spawn to the first container or service name on screen
    usage       ms from spawn to the first row with a name and a non-zero percentage or memory figure
    cpu         % of one core, the tool's own processes, over the steady window (no keys)
    engine      % of one core, dockerd + containerd + shims, over the same window, minus idle
    rss         MiB, peak of the tool's processes
    B/s         bytes to the terminal over the steady window
    key         ms from a cursor key to the output after which another row is highlighted, p50/p95
    event       ms from `docker pause`/`unpause` of a container to the output that changes its row
"""
import argparse
import fcntl
import json
import os
import pty
import re
import select
import shlex
import signal
import socket
import statistics
import struct
import subprocess
import sys
import termios
import time

SOCKET = "/var/run/docker.sock"
COLS, ROWS = 200, 50
LABEL = "qd.bench"
IMAGE = "qdbench/base:1"
NAME = re.compile(r"unit-\d{3}")
FIGURE = re.compile(r"(?<![\d.])(?!0+(?:\.0+)?\s*%)\d+(?:\.\d+)?\s*%|[1-9][\d.]*\s*(?:[KMG]i?B?|kB)\b")
TICKS = os.sysconf("SC_CLK_TCK")


def docker(*args):
    return subprocess.run(["docker", *args], check=True, capture_output=True, text=True).stdout.split()


def made():
    return docker("ps", "-aq", "--no-trunc", "--filter", f"label={LABEL}")


def image():
    """A one-binary busybox image: no registry needed."""
    if docker("images", "-q", IMAGE):
        return
    busybox = subprocess.run(["sh", "-c", "command -v busybox"], capture_output=True, text=True).stdout.strip()
    script = f"""d=$(mktemp -d) && mkdir -p $d/bin $d/tmp && cp {busybox} $d/bin/busybox &&
      for a in $($d/bin/busybox --list); do [ $a = busybox ] || ln -s busybox $d/bin/$a; done &&
      tar -C $d -c . | docker import - {IMAGE} && rm -r $d"""
    subprocess.run(["sh", "-c", script], check=True, capture_output=True)


def setup(args):
    teardown(args)
    image()
    # One line and a little work a second, without forking; every tenth works hard.
    script = "mkfifo /f; exec 3<>/f; while :; do echo tick; {work} read -t 1 x <&3; done"
    for i in range(1, args.n + 1):
        work = "j=0; while [ $j -lt 25000 ]; do j=$((j+1)); done;" if i % 10 == 3 else ""
        docker("run", "-d", "--name", f"unit-{i:03}", "--label", LABEL, "--stop-signal", "KILL",
               "--label", "com.docker.compose.project=bench",
               "--label", f"com.docker.compose.service=unit-{i:03}",
               "--label", "com.docker.compose.container-number=1",
               IMAGE, "sh", "-c", script.format(work=work))
    print(f"{args.n} containers up")


def teardown(_args):
    ids = made()
    for i in range(0, len(ids), 50):
        docker("rm", "-fv", *ids[i:i + 50])


# ---------------------------------------------------------------- processes

def text(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


def family(root):
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        for task in os.listdir(f"/proc/{pid}/task") if os.path.isdir(f"/proc/{pid}/task") else []:
            todo += [int(c) for c in text(f"/proc/{pid}/task/{task}/children").split()]
    return found


def cpu(pids):
    total = 0
    for pid in pids:
        stat = text(f"/proc/{pid}/stat")
        if stat:
            fields = stat[stat.rindex(")") + 2:].split()
            total += sum(map(int, fields[11:13]))
    return total / TICKS


def engine_pids():
    """The daemon behind the socket, its containerd and proxies, and that containerd's shims."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(SOCKET)
        daemon = struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    own = family(daemon)
    shims = [int(p) for p in os.listdir("/proc") if p.isdigit()
             and text(f"/proc/{p}/comm").startswith(("containerd-shim", "containerd"))]
    return sorted(set(own + shims))


def peak(pids):
    return sum(int(m.group(1)) for p in pids if (m := re.search(r"VmHWM:\s+(\d+)", text(f"/proc/{p}/status")))) / 1024


class Tool:
    """A tool in a pseudo terminal; every chunk it writes is kept with its time."""

    def __init__(self, command):
        self.chunks = []
        self.began = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", ROWS, COLS, 0, 0))
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8", LC_ALL="C.UTF-8")
            argv = shlex.split(command)
            os.execvp(argv[0], argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", ROWS, COLS, 0, 0))

    def run(self, seconds, until=None):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                try:
                    data = os.read(self.fd, 1 << 20)
                except OSError:
                    return
                self.chunks.append((time.monotonic(), data))
                if b"\x1b[6n" in data:              # a cursor query: answer as a terminal does
                    os.write(self.fd, b"\x1b[1;1R")
                if until and until():
                    return

    def end(self):
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self.pid, sig)
            except ProcessLookupError:
                break
            deadline = time.monotonic() + 3
            while time.monotonic() < deadline:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self.fd)
                    return
                time.sleep(0.02)
        os.close(self.fd)


class Replay:
    """The chunks rendered one after the other; `at` is the time of the newest one on screen."""

    def __init__(self, chunks):
        import pyte
        self.screen = pyte.Screen(COLS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.chunks, self.next, self.at = chunks, 0, 0

    def step(self):
        if self.next >= len(self.chunks):
            return False
        self.at, data = self.chunks[self.next]
        self.next += 1
        # pyte knows no private-marker SGR/DECRQM; they draw nothing.
        self.stream.feed(re.sub(rb"\x1b\[[<=>?][\d;]*[a-gi-km-zA-Z$]", b"", data))
        return True

    def upto(self, when):
        while self.next < len(self.chunks) and self.chunks[self.next][0] <= when:
            self.step()

    def rows(self):
        return ["".join(self.screen.buffer[y][x].data for x in range(COLS)) for y in range(ROWS)]

    def highlight(self):
        lines = []
        for y in range(ROWS):
            line = self.screen.buffer[y]
            lines.append(tuple((line[x].bg, line[x].reverse, line[x].bold) for x in range(0, COLS, 2)))
        return tuple(lines)

    def row_of(self, name):
        return next((r for r in self.rows() if name in r), None)


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, round(p / 100 * (len(values) - 1)))] if values else None


def key_times(replay, keys, within):
    """ms from each key to the output after which another row is highlighted."""
    times = []
    for key in keys:
        replay.upto(key)
        before = replay.highlight()
        while replay.next < len(replay.chunks) and replay.chunks[replay.next][0] < key + within:
            replay.step()
            if replay.highlight() != before:
                times.append(1000 * (replay.at - key))
                break
    return times


def press(tool, count, pause):
    keys = []
    for i in range(count):
        keys.append(time.monotonic())
        os.write(tool.fd, b"j" if (i // 8) % 2 == 0 else b"k")
        tool.run(pause)
    return keys


def measure(command, args):
    pids = engine_pids()
    tool = Tool(command)
    tool.run(args.warm)
    own = family(tool.pid)
    c0, e0, t0 = cpu(own), cpu(pids), time.monotonic()
    tool.run(args.seconds)
    t1, c1, e1 = time.monotonic(), cpu(own), cpu(pids)
    keys = press(tool, args.keys, 0.12)
    events = []
    for i in range(args.events):
        name, verb = "unit-001", "unpause" if i % 2 else "pause"
        events.append((time.monotonic(), name))
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(SOCKET)
            s.sendall(f"POST /containers/{name}/{verb} HTTP/1.0\r\nContent-Length: 0\r\n\r\n".encode())
            tool.run(0.8)
            s.recv(65536)
    memory = peak(family(tool.pid))
    alive = os.path.exists(f"/proc/{tool.pid}") and bool(text(f"/proc/{tool.pid}/cmdline"))
    tool.end()
    replay = Replay(tool.chunks)
    out = {"names": None, "usage": None, "key": [], "event": []}
    while replay.at < t0 and replay.step():
        shown = [r for r in replay.rows() if NAME.search(r)]
        if shown and out["names"] is None:
            out["names"] = 1000 * (replay.at - tool.began)
        if out["usage"] is None and any(FIGURE.search(r) for r in shown):
            out["usage"] = 1000 * (replay.at - tool.began)
    replay.upto(t1)
    out["key"] = key_times(replay, keys, 0.12)
    for when, name in events:
        replay.upto(when)
        state = lambda: re.sub(r"[\d.]+", "0", replay.row_of(name) or "")   # figures move by themselves
        before = state()
        while replay.next < len(replay.chunks) and replay.chunks[replay.next][0] < when + 0.8:
            replay.step()
            if state() != before:
                out["event"].append(1000 * (replay.at - when))
                break
    window = [len(d) for t, d in tool.chunks if t0 <= t < t1]
    out |= {"cpu": 100 * (c1 - c0) / (t1 - t0), "engine": 100 * (e1 - e0) / (t1 - t0), "rss": memory,
            "bytes": sum(window) / (t1 - t0), "alive": alive}
    return out


def idle(args):
    pids = engine_pids()
    e0, t0 = cpu(pids), time.monotonic()
    time.sleep(args.seconds)
    return 100 * (cpu(pids) - e0) / (time.monotonic() - t0)


def run(args):
    tools = dict(t.split("=", 1) for t in args.tool)
    results, idles = {name: [] for name in tools}, []
    for round_ in range(args.rounds):
        idles.append(idle(args))
        for name, command in tools.items():
            print(f"round {round_ + 1}: {name}", file=sys.stderr, flush=True)
            results[name].append(measure(command, args))
    base = statistics.median(idles)
    median = lambda rows, key: statistics.median(v) if (v := [r[key] for r in rows if r[key] is not None]) else None
    show = lambda v, digits=0: "–" if v is None else f"{v:.{digits}f}"
    print(f"{len(made())} containers, {os.cpu_count()} cores, {COLS}x{ROWS}, {args.rounds} rounds of {args.seconds} s; "
          f"engine idle {base:.1f} %\n")
    print("tool | names ms | usage ms | own CPU % | engine CPU over idle % | RSS MB | B/s | key p50/p95 ms | event ms")
    print("---|---|---|---|---|---|---|---|---")
    for name, rows in results.items():
        keys = [k for r in rows for k in r["key"]]
        events = [e for r in rows for e in r["event"]]
        dead = "" if all(r["alive"] for r in rows) else " (ended by itself!)"
        print(f"{name}{dead} | {show(median(rows, 'names'))} | {show(median(rows, 'usage'))} | "
              f"{show(median(rows, 'cpu'), 2)} | {median(rows, 'engine') - base:.1f} | {show(median(rows, 'rss'), 1)} | "
              f"{show(median(rows, 'bytes'))} | {show(percentile(keys, 50), 1)}/{show(percentile(keys, 95), 1)} | "
              f"{show(percentile(events, 50))}")
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"idle": idles, "results": results}, f)


def logs(args):
    """1,000,000 lines: qd logs against docker logs, both to /dev/null."""
    image()
    name = "unit-logs"
    if not docker("ps", "-aq", "--filter", f"name={name}"):
        docker("run", "-d", "--name", name, "--label", LABEL, "--stop-signal", "KILL", IMAGE, "sh", "-c",
               f"seq 1 {args.lines} | awk '{{printf \"line %09d the quick brown fox jumps over the lazy dog\\n\", $1}}';"
               " echo end; sleep 100000")
        while docker("logs", "--tail", "1", name) != ["end"]:
            time.sleep(0.5)
    print("tool | median s | lines/s | of docker logs\n---|---|---|---")
    medians = {}
    commands = {"docker logs": ["docker", "logs", name], "qd logs": [args.qd, "logs", name, "--tail", "all"]}
    times = {tool: [] for tool in commands}
    for _ in range(args.rounds):
        for tool, command in commands.items():
            t0 = time.monotonic()
            with open(os.devnull, "w") as null:
                subprocess.run(command, stdout=null, check=True)
            times[tool].append(time.monotonic() - t0)
    for tool in commands:
        medians[tool] = statistics.median(times[tool])
        print(f"{tool} | {medians[tool]:.2f} | {args.lines / medians[tool]:,.0f} | "
              f"{100 * medians['docker logs'] / medians[tool]:.0f} %")


def alone(command, first, args):
    """One tool by itself: CPU and memory in a quiet window, then keys. `first` is typed before."""
    tool = Tool(command)
    tool.run(4)
    for key in first:
        os.write(tool.fd, key.encode())
        tool.run(0.5)
    tool.run(2)
    own = family(tool.pid)
    c0, t0 = cpu(own), time.monotonic()
    tool.run(args.seconds)
    used = 100 * (cpu(own) - c0) / (time.monotonic() - t0)
    keys = press(tool, args.keys, 0.12)
    memory = peak(own)
    tool.end()
    times = key_times(Replay(tool.chunks), keys, 0.12)
    print("own CPU % | RSS MB | key p50/p95 ms | keys seen\n---|---|---|---")
    print(f"{used:.2f} | {memory:.1f} | {percentile(times, 50):.1f}/{percentile(times, 95):.1f} | {len(times)}/{len(keys)}")


def demo(args):
    alone(f"{args.qd} demo --services {args.services}", [], args)


def flood(args):
    """A log of `rate` lines a second on screen, below a grid in which keys are pressed."""
    image()
    name = "unit-flood"
    subprocess.run(["docker", "rm", "-fv", name, f"{name}-0", f"{name}-1"], capture_output=True)
    burst = args.rate // 20
    script = ("while :; do usleep 50000; echo; done | awk '{for (i = 0; i < %d; i++) "
              "printf \"line %%09d the quick brown fox jumps over the lazy dog\\n\", ++n; fflush()}'" % burst)
    docker("run", "-d", "--name", name, "--label", LABEL, "--stop-signal", "KILL", "--log-opt", "max-size=200m",
           "--label", "com.docker.compose.project=flood", "--label", "com.docker.compose.service=" + name,
           IMAGE, "sh", "-c", script)
    for i in range(2):
        docker("run", "-d", "--name", f"unit-flood-{i}", "--label", LABEL, "--stop-signal", "KILL",
               "--label", "com.docker.compose.project=flood", "--label", f"com.docker.compose.service={name}-{i}",
               IMAGE, "sleep", "100000")
    # The first row is the project, the next the flood itself: the keys walk from them to the two
    # quiet rows and back, so the pane goes from flood to quiet and back all the time.
    alone(args.qd, ["/", name, "\r", "g", "g"], args)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(required=True)
    s = sub.add_parser("setup")
    s.add_argument("n", type=int)
    s.set_defaults(go=setup)
    s = sub.add_parser("teardown")
    s.set_defaults(go=teardown)
    s = sub.add_parser("run")
    s.add_argument("--tool", action="append", required=True, help="NAME=COMMAND")
    s.add_argument("--rounds", type=int, default=3)
    s.add_argument("--warm", type=float, default=6)
    s.add_argument("--seconds", type=float, default=20)
    s.add_argument("--keys", type=int, default=40)
    s.add_argument("--events", type=int, default=6)
    s.add_argument("--json")
    s.set_defaults(go=run)
    s = sub.add_parser("logs")
    s.add_argument("--qd", required=True)
    s.add_argument("--lines", type=int, default=1_000_000)
    s.add_argument("--rounds", type=int, default=3)
    s.set_defaults(go=logs)
    for name, go, option, default in (("flood", flood, "--rate", 20_000), ("demo", demo, "--services", 2000)):
        s = sub.add_parser(name)
        s.add_argument("--qd", required=True)
        s.add_argument(option, type=int, default=default)
        s.add_argument("--seconds", type=float, default=10)
        s.add_argument("--keys", type=int, default=80)
        s.set_defaults(go=go)
    args = p.parse_args()
    args.go(args)


if __name__ == "__main__":
    main()
