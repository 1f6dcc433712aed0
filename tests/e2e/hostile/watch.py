"""What everybody else notices of an attack: the health of the process, another plug-in, the memory of the host."""

import threading
import time
import urllib.request


def percentile(samples, part):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


class Watch:
    """Asks again and again, beside whatever happens, until it is left."""

    def __init__(self, server):
        self.server, self.stop = server, threading.Event()
        self.health, self.neighbour, self.rss, self.failures = [], [], 0, []

    def resident(self):
        """MiB of the process that serves; its workers are processes of their own."""
        with open(f"/proc/{self.server.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) // 1024

    def timed(self, request, into):
        start = time.monotonic()
        try:
            urllib.request.urlopen(request, timeout=60).read()
            into.append(time.monotonic() - start)
        except OSError as error:
            self.failures.append(f"{request.full_url}: {error}")

    def looks(self, many=20):
        """Waits until both were asked so many more times."""
        ends = [(into, len(into) + many) for into in (self.health, self.neighbour)]
        while not self.failures and any(len(into) < end for into, end in ends):
            self.stop.wait(0.01)

    def loop(self, request, into):
        while not self.stop.is_set():
            self.timed(request, into)
            self.rss = max(self.rss, self.resident())
            self.stop.wait(0.02)

    def __enter__(self):
        health = urllib.request.Request(f"{self.server.url}/healthz")
        other = urllib.request.Request(f"{self.server.url}/api/v1/commands/project/list", data=b"{}", headers={
            "Authorization": f"Bearer {self.server.token}", "Content-Type": "application/json"})
        self.threads = [threading.Thread(target=self.loop, args=pair, daemon=True)
                        for pair in ((health, self.health), (other, self.neighbour))]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def row(self):
        """Milliseconds: the slowest look at the health, the 99th percentile of the other plug-in; and MiB."""
        worst = max(self.health, default=0.0)
        return round(worst * 1000), round(percentile(self.neighbour, 0.99) * 1000), self.rss


def ledger(server):
    """What the host has counted against each plug-in."""
    return {one["id"]: one for one in server.json("plugin", "ledger")["plugins"]}


def queries(server):
    """Queries that run, as the host counts them."""
    request = urllib.request.Request(f"{server.url}/metrics", headers={"Authorization": f"Bearer {server.token}"})
    text = urllib.request.urlopen(request, timeout=60).read().decode()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("kamld_queries_running "))
