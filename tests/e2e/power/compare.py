"""Whether what was found after a power cut is what was acknowledged before it.

Must not live here: looking (`world.py`).
"""


def faults(before, after, found):
    """What is wrong, in words. `before` was acknowledged; `after` is what holds once the step in flight is done, of
    which each fact may have changed already, as a whole."""
    wrong = []
    for name in sorted(before.keys() | after.keys() | found.keys()):
        low, high, there = before.get(name), after.get(name), found.get(name)
        if name == "audit":
            low = low or []
            if (there or [])[:len(low)] != low:
                missing = [record for record in low if record not in (there or [])]
                wrong.append(f"the audit log has lost {missing[:3] or 'its order'}")
            else:
                wrong += [f"the audit log says {record}" for record in (there or [])[len(low):]
                          if record not in (high or []) and not torn(record)]
        elif name.startswith("upload "):
            if not possible_offset(low, high, there):
                wrong.append(f"{name} stands at {there}, acknowledged was {low} (then {high})")
        elif there != low and there != high:
            wrong.append(f"{name}: {difference(low, there)}")
    return wrong


def torn(record):
    """Whether the host tells that it cut off a record that was written in part: one that was not acknowledged."""
    return record[2] == "repair" and "torn" in record[4]


def possible_offset(low, high, there):
    """Pieces of what is in flight may be there; None is an upload that is not begun, aborted or an object already."""
    if there is None:
        return low is None or high is None
    if low is None and high is None:
        return False
    return (low or 0) <= there and (high is None or there <= high)


def difference(expected, there):
    """Short enough to be read."""
    if expected is None:
        return f"is {brief(there)}, nothing of the kind was acknowledged"
    if there is None:
        return f"is lost, acknowledged was {brief(expected)}"
    if isinstance(expected, dict) and isinstance(there, dict):
        lost = sorted(k for k in expected if k not in there)
        more = sorted(k for k in there if k not in expected)
        changed = sorted(k for k in expected if k in there and expected[k] != there[k])
        return "; ".join(f"{word} {brief(keys)}" for word, keys in (("lost", lost), ("never written", more),
                                                                    ("changed", changed)) if keys)
    if isinstance(expected, list) and isinstance(there, list):
        lost, more = [e for e in expected if e not in there], [e for e in there if e not in expected]
        return "; ".join(f"{word} {brief(items)}" for word, items in (("lost", lost), ("never written", more)) if items)
    return f"is {brief(there)}, acknowledged was {brief(expected)}"


def brief(value):
    text = str(value)
    return text if len(text) < 160 else text[:150] + "..."
