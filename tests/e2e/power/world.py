"""What a server holds, as a client sees it: the one look that is taken while recording and after each power cut.

A look is a dictionary from the name of a fact to its value, each of which changes as a whole or not at all.
Must not live here: what was done to get there (`session.py`), what may differ (`compare.py`).
"""

import hashlib
import json

TUS = {"Tus-Resumable": "1.0.0"}


class Answer(AssertionError):
    """A request that should have worked and did not."""


def sha(data):
    return hashlib.sha256(data).hexdigest()


def command(server, *words, **arguments):
    """Runs a plug-in's command; what it answers as data."""
    status, _, body = server.http("POST", "/api/v1/commands/" + "/".join(words), json.dumps(arguments).encode(),
                                  {"Content-Type": "application/json"}, timeout=300)
    if status != 200:
        raise Answer(f"{' '.join(words)} {arguments}: {status} {body.decode(errors='replace')[:400]}")
    return json.loads(body)["data"]


def get(server, path, method="GET", body=None, headers=(), good=(200, 201, 204), timeout=300):
    """The bytes of an answer."""
    status, _, answer = server.http(method, path, body, headers, timeout=timeout)
    if status not in good:
        raise Answer(f"{method} {path}: {status} {answer.decode(errors='replace')[:400]}")
    return answer


def listing(server, address):
    """{path: hash} of everything at a ref."""
    objects, after = {}, ""
    while True:
        page = json.loads(get(server, f"/api/v1/listing/{address}?limit=1000&after={after}"))
        objects |= {entry["path"]: entry["hash"] for entry in page["objects"]}
        after = page.get("next")
        if not after:
            return objects


def look(server, tagged, uploads):
    """Everything that can be acknowledged. `tagged`: addresses of objects whose tags are looked at; `uploads`: {URL: (address, bytes)}."""
    seen, facts = {}, {"token": server.token}

    def bytes_of(address, objects):
        for path, digest in objects.items():
            if digest not in seen:
                seen[digest] = sha(get(server, f"/api/v1/objects/{address}/{path}"))
            if seen[digest] != digest:
                raise Answer(f"{address}/{path} reads as {seen[digest]}, it is {digest}")

    facts["projects"] = sorted((p["name"], p.get("title")) for p in command(server, "project", "list")["projects"])
    assets = command(server, "asset", "list")["assets"]
    facts["assets"] = sorted((f"{a['project']}/{a['name']}", a["kind"]) for a in assets)
    for asset, _ in facts["assets"]:
        branches = [b["name"] for b in command(server, "branch", "list", asset=asset)["branches"]]
        versions = command(server, "version", "list", asset=asset)["versions"]
        facts[f"branches of {asset}"] = sorted(branches)
        facts[f"versions of {asset}"] = sorted((v["name"], v["commit"]) for v in versions)
        commits = {commit for _, commit in facts[f"versions of {asset}"]}
        for branch in branches:
            address = f"{asset}@{branch}"
            objects = listing(server, address)
            bytes_of(address, objects)
            facts[f"files of {address}"] = objects
            history = [c["id"] for c in command(server, "log", asset=address, limit=1000)["commits"]]
            facts[f"history of {address}"] = history
            commits |= set(history)
        for commit in commits:
            objects = listing(server, f"{asset}@{commit}")
            bytes_of(f"{asset}@{commit}", objects)
            facts[f"commit {commit} of {asset}"] = objects
        facts[f"tags of {asset}"] = sorted(command(server, "show", address=asset)["tags"])
        for address in tagged:
            # Tags of what is not there now are kept, and cannot be looked at.
            if address.startswith(asset + "/") and address.removeprefix(asset + "/") in facts[f"files of {asset}@main"]:
                facts[f"tags of {address}"] = sorted(command(server, "show", address=address)["tags"])
    facts["saved queries"] = sorted((q["name"], q["project"], q["query"]) for q in command(server, "query", "list")["queries"])
    for plugin in json.loads(get(server, "/api/v1/plugins"))["plugins"]:
        facts[f"plug-in {plugin['id']}"] = (plugin["version"], plugin["state"])
        facts[f"grant of {plugin['id']}"] = get(server, f"/api/v1/plugins/{plugin['id']}/grant").decode()
    facts["audit"] = audit(server)
    for url, (_, data) in uploads.items():
        facts[f"upload {url}"] = offset(server, url, len(data))
    return facts


def audit(server):
    """The records of the audit log, without their seals."""
    records, after = [], 0
    while True:
        page = json.loads(get(server, f"/api/v1/audit?limit=1000&after={after}"))
        entries = page["entries"] if isinstance(page, dict) else page
        if not entries:
            return records
        records += [(e["seq"], e["actor"], e["action"], e.get("plugin"), json.dumps(e.get("detail"))) for e in entries]
        after = entries[-1]["seq"]


def offset(server, url, size):
    """How far an upload is; None when it is an object already, or not known."""
    status, headers, body = server.http("HEAD", url, headers=TUS)
    if status in (404, 410):
        return None
    if status not in (200, 204):
        raise Answer(f"HEAD {url}: {status} {body.decode(errors='replace')[:400]}")
    at = int(headers["Upload-Offset"])
    return at if at < size else None


def append(server, url, at, data):
    """Sends a piece of an upload; the new offset."""
    status, headers, body = server.http("PATCH", url, data, TUS | {
        "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"})
    if status != 204:
        raise Answer(f"PATCH {url} at {at}: {status} {body.decode(errors='replace')[:400]}")
    return int(headers["Upload-Offset"])


def damage(server):
    """What `storage check` and `audit verify` complain about, in words, or None."""
    lines = get(server, "/api/v1/storage/check", "POST", b"").decode().strip().splitlines()
    report = json.loads(lines[-1])
    if report.get("damaged") or report.get("problem"):
        return f"storage check: {report.get('damaged') or report.get('problem')}"
    verified = json.loads(get(server, "/api/v1/audit/verify"))
    if verified.get("broken_at") is not None or verified.get("problem"):
        return f"audit verify: {verified}"
    return None
