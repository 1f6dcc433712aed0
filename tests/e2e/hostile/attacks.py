"""The attacks. Each is a name, the plug-in that has to answer for it, and what is done with a running server; what it
raises is a way out that was found."""

import http.client
import json
import socket
import threading
import time
import urllib.parse
from dataclasses import dataclass
from typing import Callable, Optional

JSON = {"Content-Type": "application/json"}
# How long an attacker waits before it goes away.
PATIENCE = 8


@dataclass
class Attack:
    name: str
    offender: Optional[str]
    act: Callable
    # Whether the host counts it against the offender: one that gets nothing at all has done nothing.
    counted: bool = True


def connect(server):
    place = urllib.parse.urlsplit(server.url)
    return http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)


def ask(server, method, path, data=None, headers=None):
    """Status and the first of the body, or None when the attacker left before its end."""
    line, end = connect(server), time.monotonic() + PATIENCE
    try:
        line.request(method, path, data, {"Authorization": f"Bearer {server.token}", **(headers or {})})
        answer, body = line.getresponse(), b""
        # What is endless is looked at and thrown away.
        while chunk := answer.read(1 << 16):
            body = body or chunk
            if time.monotonic() > end:
                return None
        return answer.status, body
    except (TimeoutError, socket.timeout):
        return None
    finally:
        line.close()


def sql(text):
    """A query, and a look at its rows."""
    def act(server, _):
        answered = ask(server, "POST", "/api/v1/commands/sql", json.dumps({"query": text}).encode(), JSON)
        if answered and answered[0] == 200:
            result = json.loads(answered[1])["data"].get("result")
            if result:
                try:
                    answered = ask(server, "GET", f"/api/v1/results/{result}?format=csv")
                except (http.client.IncompleteRead, ConnectionError):
                    return
        assert answered is None or answered[0] in (200, 400, 413, 422, 503), answered
    return act


def many(what, by, count):
    return by.join([what] * count)


def unions(levels):
    parts = ["c0 as (select 1 a)"]
    parts += [f"c{n} as (select * from c{n - 1} union all select * from c{n - 1})" for n in range(1, levels)]
    return f"with {','.join(parts)} select count(*) from c{levels - 1}"


QUERIES = {
    "a plan that doubles 23 times": unions(24),
    "20,000 conditions with and": f"select {many('true', ' and ', 20_000)}",
    "5,000 conditions with or": f"select 1 where {many('1=0', ' or ', 5_000)}",
    "5,000 subtractions": f"select {many('1', '-', 5_000)}",
    "20,000 columns": f"select {','.join(f'{n} c{n}' for n in range(20_000))}",
    "3,000 unions": many("select 1", " union all ", 3_000),
    "80,000 aliases": f"select * from (select 1){' x' * 80_000}",
    "parentheses 20,000 deep": f"select {'(' * 20_000}1{')' * 20_000}",
    "replace that multiplies": "select length(replace(repeat('a',1000000),'a',repeat('b',10000)))",
    "regexp_replace that multiplies": "select length(regexp_replace(repeat('a',1000000),'a',repeat('b',10000),'g'))",
    "concat of 4 GB": f"select length(concat({many(chr(39).join(('repeat(', 'x', ',200000000)')), ',', 20)}))",
    "|| of 4 GB": f"select length({many(chr(39).join(('repeat(', 'x', ',200000000)')), '||', 20)})",
    "concat of each row": "with a as (select repeat('x',1000000) s) select length(concat(s,s,s,s,s,s,s,s,s,s)) from a, generate_series(1,1000)",
    "hexadecimal of 200 MB": "select length(encode(repeat('a',200000000),'hex'))",
    "lists of lists": "select array_repeat(array_repeat(1,10000),10000)",
    "a text of 100 M parts": "select string_to_array(repeat('a,',100000000),',')",
    "one row of 300 MB": "select repeat('x',300000000)",
    "a step that lets go of nothing": "select levenshtein(repeat('a',100000),repeat('b',100000))",
    "a count without end": "select count(*) from generate_series(1,9000000000000)",
    "rows without end": "select a.value, repeat('x',100) from generate_series(1,100000) a cross join generate_series(1,100000) b",
    "a join of everything": "select count(*) from generate_series(1,1000000) a, generate_series(1,1000000) b where a.value*b.value%7=9",
    "a sort of 100 M": "select value from generate_series(1,100000000) order by -value",
    "a recursion without end": "with recursive r as (select 1 n union all select n+1 from r) select count(*) from r",
}

TEXTS = {
    "quotes 200,000 deep": ">" * 200_000,
    "lists 50,000 deep": "".join("  " * n + "* x\n" for n in range(300)) + "* " * 50_000,
    "brackets": "[" * 200_000,
    "links that never close": "[a](" * 50_000,
    "emphasis": "*a_" * 80_000,
    "backticks": "".join("`" * n + " " for n in range(1, 700)),
    "entities": "&" * 250_000,
    "tables": "|" * 100_000 + "\n" + "|-" * 50_000,
    "HTML": "<a " * 80_000,
}


def together(times, act):
    """The same, as often at the same time; what one of them raises is raised."""
    raised = []

    def one():
        try:
            act()
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def markdown(text):
    data = json.dumps({"text": text}).encode()
    return lambda server, _: together(4, lambda: ask(server, "POST", "/api/v1/markdown", data, JSON))


def calls(word, times):
    """A command of a program, as often at the same time."""
    def call(server):
        answered = ask(server, "POST", f"/api/v1/commands/program/{word}", b"{}", JSON)
        if word == "reach" and answered:
            assert json.loads(answered[1])["data"] == [], answered
    return lambda server, _: together(times, lambda: call(server))


# Program, its command, how often at the same time.
GUESTS = {
    "spins": ("limits_spins", "spin", 20),
    "allocates": ("limits_allocates", "allocate", 4),
    "holds 100 MiB and sleeps": ("limits_holds_memory", "hold", 20),
    "sleeps": ("limits_waits_forever", "wait", 20),
    "recurses": ("limits_recurses", "recurse", 4),
    "floods the log": ("limits_floods_the_log", "flood", 4),
    "leaks handles": ("limits_leaks_handles", "leak", 2),
    "asks for 4 GB": ("limits_asks_for_4_gb", "ask", 2),
    "hands over 64 MB": ("limits_hands_over_too_much", "hand-over", 2),
    "reaches outside": ("limits_reaches_outside", "reach", 1),
    "traps": ("faults_traps", "trap", 2),
    "exits": ("faults_exits", "exit", 2),
    "breaks the contract": ("faults_breaks_the_contract", "start", 1),
}


def slow_heads(server, watch):
    place = urllib.parse.urlsplit(server.url)
    lines = []
    for _ in range(200):
        line = socket.create_connection((place.hostname, place.port))
        line.send(b"GET / HTTP/1.1\r\nHost: ")
        lines.append(line)
    watch.looks()
    for line in lines:
        line.close()


def slow_bodies(server, watch):
    place = urllib.parse.urlsplit(server.url)
    lines = []
    for _ in range(100):
        line = socket.create_connection((place.hostname, place.port))
        head = (f"PUT /api/v1/objects/p/a/x HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {server.token}\r\n"
                "Content-Length: 1000000\r\n\r\n")
        line.send(head.encode() + b"x")
        lines.append(line)
    watch.looks()
    for line in lines:
        line.close()


def large_heads(server, _):
    for name, value in (("X-Large", "x" * 900_000), ("Cookie", "a=" + "b" * 200_000)):
        try:
            answered = ask(server, "GET", "/healthz", headers={name: value})
        except (ConnectionError, http.client.HTTPException):
            continue
        assert answered is None or answered[0] == 431, answered


def bombs(server, _):
    """Files that claim to be more than they are, looked at as tables and previews."""
    files = {
        "wide.csv": ",".join(f"c{n}" for n in range(300_000)).encode() + b"\n" + b",".join([b"1"] * 300_000),
        "quote.csv": b'a,b\n"' + b"x" * 20_000_000,
        "deep.json": b"[" * 1_000_000,
        "claims.parquet": b"PAR1" + b"x" * 100 + (2**31 - 1).to_bytes(4, "little") + b"PAR1",
    }
    for name, data in files.items():
        ask(server, "PUT", f"/api/v1/objects/p/a/{name}", data)
        ask(server, "GET", f"/api/v1/tables/p/a/{name}?count=10")


REQUESTS = {"slow heads": slow_heads, "slow bodies": slow_bodies, "large heads": large_heads, "files that lie": bombs}


def attacks():
    for name, text in QUERIES.items():
        yield Attack(f"SQL: {name}", "kamld/sql", sql(text))
    for name, text in TEXTS.items():
        yield Attack(f"Markdown: {name}", None, markdown(text))
    for name, (program, word, times) in GUESTS.items():
        yield Attack(f"plug-in: {name}", f"evil/{program.replace('_', '-')}", calls(word, times), word not in ("reach", "flood"))
    for name, act in REQUESTS.items():
        yield Attack(f"HTTP: {name}", None, act)
