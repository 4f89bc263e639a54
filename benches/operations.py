#!/usr/bin/env python3
"""Operations beside the same calls made by hand.

    benches/operations.py --qd target/release/qd [--replicas 10] [--rounds 3]

Needs an engine at DOCKER_HOST (unix:///…) that nothing else uses, and busybox on this host. Makes a
service of N replicas that are healthy one second after their start, and takes turns between qd and
the same sequence of raw API calls: rolling restart, rolling deploy (new ones first), roll back.
Prints a Markdown table: seconds, the ratio, and what qd takes beyond that for each replica. Removes
what it made.
"""
import argparse
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PROJECT = "qdbench"
SCRIPT = "trap 'exit 0' TERM; sleep 1; touch /tmp/well; while :; do sleep 0.05; done"


class Engine:
    """The API over one kept connection, as the fastest client would."""

    def __init__(self, host):
        self.path = host.removeprefix("unix://")
        self.connection = None

    def call(self, method, path, body=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("docker")
            self.connection.sock = socket.socket(socket.AF_UNIX)
            self.connection.sock.connect(self.path)
        data = None if body is None else json.dumps(body)
        self.connection.request(method, "/v1.41" + path, data, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300 and answer.status != 304:
            sys.exit(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text.strip() else None

    def healthy(self, name):
        while self.call("GET", f"/containers/{name}/json")["State"]["Health"]["Status"] != "healthy":
            time.sleep(0.02)


def spec(image, number):
    label = "com.docker.compose."
    return {
        "Image": image,
        "Labels": {
            label + "project": PROJECT,
            label + "service": "web",
            label + "container-number": str(number),
            label + "oneoff": "False",
            label + "config-hash": "0",
            label + "version": "1.29.2",
            "quarterdeck.gate.settle": "0s",
        },
        "HostConfig": {"NetworkMode": "none"},
    }


def name(number):
    return f"{PROJECT}_web_{number}"


def images(host):
    """Two images that differ, both healthy a second after they start."""
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(f"{root}/bin")
        os.makedirs(f"{root}/tmp")
        busybox = shutil.which("busybox") or sys.exit("busybox is not installed")
        shutil.copy(busybox, f"{root}/bin/busybox")
        for applet in ("sh", "sleep", "touch", "test"):
            os.symlink("busybox", f"{root}/bin/{applet}")
        docker = lambda *args, **more: subprocess.run(
            ["docker", *args], env={**os.environ, "DOCKER_HOST": host}, check=True, stdout=subprocess.DEVNULL, **more
        )
        tar = subprocess.run(["tar", "-C", root, "-c", "."], check=True, capture_output=True).stdout
        docker("import", "-", f"{PROJECT}/base:1", input=tar)
        for version in ("1", "2"):
            file = (
                f"FROM {PROJECT}/base:1\nENV VERSION={version}\n"
                "HEALTHCHECK --interval=500ms --timeout=2s --retries=30 CMD test -e /tmp/well\n"
                f"CMD {json.dumps(['sh', '-c', SCRIPT])}\n"
            )
            env = {**os.environ, "DOCKER_HOST": host, "DOCKER_BUILDKIT": "0"}
            subprocess.run(
                ["docker", "build", "-q", "-t", f"{PROJECT}/web:{version}", "-"],
                env=env, check=True, input=file.encode(), stdout=subprocess.DEVNULL,
            )


def clear(engine):
    query = '?all=1&filters={"label":["com.docker.compose.project=%s"]}' % PROJECT
    for it in engine.call("GET", "/containers/json" + query):
        engine.call("DELETE", f"/containers/{it['Id']}?force=1&v=1")


def setup(engine, replicas):
    clear(engine)
    for number in range(1, replicas + 1):
        engine.call("POST", f"/containers/create?name={name(number)}", spec(f"{PROJECT}/web:1", number))
        engine.call("POST", f"/containers/{name(number)}/start")
    for number in range(1, replicas + 1):
        engine.healthy(name(number))


def raw_restart(engine, replicas):
    for number in range(1, replicas + 1):
        engine.call("POST", f"/containers/{name(number)}/restart")
        engine.healthy(name(number))


def raw_deploy(engine, replicas, image):
    for number in range(1, replicas + 1):
        old, new = name(number), name(number) + ".new"
        engine.call("POST", f"/containers/create?name={new}", spec(image, number))
        engine.call("POST", f"/containers/{new}/start")
        engine.healthy(new)
        engine.call("POST", f"/containers/{old}/stop")
        engine.call("POST", f"/containers/{old}/rename?name={old}.old")
        engine.call("POST", f"/containers/{new}/rename?name={old}")
    for number in range(1, replicas + 1):
        engine.call("DELETE", f"/containers/{name(number)}.old")


def timed(run):
    began = time.monotonic()
    run()
    return time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qd", required=True)
    parser.add_argument("--replicas", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    engine = Engine(host)
    images(host)
    with tempfile.TemporaryDirectory() as state:
        env = {**os.environ, "QD_STATE_DIR": state, "QD_CONFIG_DIR": state}

        def qd(*words):
            done = subprocess.run([args.qd, "--host", host, *words], env=env, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"qd {' '.join(words)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")

        service = f"{PROJECT}/web"
        took = {}

        def note(what, who, run):
            took.setdefault((what, who), []).append(timed(run))

        for _ in range(args.rounds):
            setup(engine, args.replicas)
            note("rolling restart", "raw", lambda: raw_restart(engine, args.replicas))
            note("rolling restart", "qd", lambda: qd("restart", service, "--yes"))
            setup(engine, args.replicas)
            note("rolling deploy", "raw", lambda: raw_deploy(engine, args.replicas, f"{PROJECT}/web:2"))
            setup(engine, args.replicas)
            qd("status")
            note("rolling deploy", "qd", lambda: qd("deploy", service, f"{PROJECT}/web:2", "--yes"))
            note("roll back", "qd", lambda: qd("rollback", service, "--yes"))
            note("roll back", "raw", lambda: raw_deploy(engine, args.replicas, f"{PROJECT}/web:2"))
        clear(engine)
        print(f"{args.replicas} replicas, healthy 1 s after their start, medians of {args.rounds}\n")
        print("operation | raw calls s | qd s | ratio | qd's own, ms a replica\n---|---|---|---|---")
        for what in ("rolling restart", "rolling deploy", "roll back"):
            raw, ours = (statistics.median(took[what, who]) for who in ("raw", "qd"))
            print(f"{what} | {raw:.2f} | {ours:.2f} | {ours / raw:.3f} | {(ours - raw) / args.replicas * 1000:.0f}")


if __name__ == "__main__":
    main()
