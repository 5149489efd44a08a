"""Loads a server as many clients would, and prints what they saw. Run by hand:

    cargo build --release
    python3 tests/peer/serve_load.py target/release/ulmfit model.safetensors

1. Eight clients send texts of 1 MB and leave after 2 s, again and again, while 32 others ask for short texts.
2. 32 clients ask 10,000 times.
3. SIGTERM while eight texts of 1 MB are under way.

Only Python's standard library is needed.
"""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

PORT = 8391
SECONDS = 20
REQUESTS = 10_000


def body(text):
    return json.dumps({"texts": [text]}).encode()


SHORT = body("A slow start, but I loved the ending.")
LONG = body("word and another one, " * 47_000)


def head(length):
    return (
        f"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {length}\r\n\r\n"
    ).encode()


def leave_after(seconds):
    """Sends a long text, waits so long and goes."""
    with socket.create_connection(("127.0.0.1", PORT)) as client:
        try:
            client.sendall(head(len(LONG)) + LONG)
        except OSError:
            pass
        time.sleep(seconds)


def short(seen, times, goes_on):
    client = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    while goes_on():
        start = time.monotonic()
        try:
            client.request("POST", "/predict", SHORT, {"content-type": "application/json"})
            answer = client.getresponse()
            answer.read()
            seen[answer.status] += 1
        except (OSError, http.client.HTTPException) as error:
            seen[type(error).__name__] += 1
            client.close()
        times.append(time.monotonic() - start)


def clients(n, work):
    all_of_them = [threading.Thread(target=work, daemon=True) for _ in range(n)]
    for one in all_of_them:
        one.start()
    return all_of_them


def report(name, seen, times, seconds):
    times.sort()
    at = lambda share: 1000 * times[min(len(times) - 1, int(share * len(times)))]
    print(
        f"{name}: {dict(seen)}, {len(times) / seconds:.0f} a second, p50 {at(0.5):.0f} ms,"
        f" p99 {at(0.99):.0f} ms, worst {1000 * times[-1]:.0f} ms",
        flush=True,
    )


def peak(process):
    with open(f"/proc/{process.pid}/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1000


def main():
    binary, model = sys.argv[1:3]
    process = subprocess.Popen([binary, "serve", model, "--addr", f"127.0.0.1:{PORT}", "--quiet"])
    while True:
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
            break
        except OSError:
            time.sleep(0.1)

    end = time.monotonic() + SECONDS
    goes_on = lambda: time.monotonic() < end
    seen, times = Counter(), []

    def leaving():
        while goes_on():
            leave_after(2)

    running = clients(8, leaving) + clients(32, lambda: short(seen, times, goes_on))
    for one in running:
        one.join()
    report("short beside long", seen, times, SECONDS)

    left, lock = [REQUESTS], threading.Lock()

    def more():
        with lock:
            left[0] -= 1
            return left[0] >= 0

    seen, times, start = Counter(), [], time.monotonic()
    for one in clients(32, lambda: short(seen, times, more)):
        one.join()
    report(f"{REQUESTS} requests", seen, times, time.monotonic() - start)
    print(f"peak memory {peak(process):.0f} MB", flush=True)

    clients(8, lambda: leave_after(60))
    time.sleep(1)
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code = process.wait()
    print(f"SIGTERM to exit {time.monotonic() - start:.1f} s, exit code {code}")


main()
