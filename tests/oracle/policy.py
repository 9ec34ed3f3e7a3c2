"""The boundary, decided slowly and plainly: for each zone every rule is asked anew, in the order of
weir-policy(7), by the facts that oracle.facts found.

    policy = {"zones": {"internal": {"hosts": [...], "inside": "allow", "export": [rule, ...],
                                     "import": [...]}, ...}, "rules": [rule, ...]}
    decide(policy, facts, "internal", now)  ->  {"partners": Verdict("deny", "export", "sc-out"), ...}

What stands in a policy is what stands in the file. Every rule has a name.
"""

import collections
import datetime
import re

from oracle.facts import bare, fold, several

Verdict = collections.namedtuple("Verdict", "what side rule")  # what: allow, hold, deny, drop

FOLDED = {"tags", "language", "software"}
HOSTS = {"author_host", "links"}
UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "s": 1, "min": 60, "h": 3600, "d": 86400}


def number(text):
    """`64KiB`, `30d`, `5`: bytes, seconds, or how many."""
    digits, unit = re.fullmatch(r"([0-9]+)([A-Za-z]*)", str(text)).groups()
    return int(digits) * UNITS[unit]


def number_matches(wanted, value):
    wanted = str(wanted)
    if ".." in wanted:
        least, most = wanted.split("..")
        return number(least) <= value <= number(most)
    sign, rest = re.fullmatch(r"([<>]?=?)(.*)", wanted).groups()
    limit = number(rest)
    return {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit,
            "": value == limit, "=": value == limit}[sign]


def host_matches(pattern, host):
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and ":" not in host
    return pattern == host


def text_matches(fact, word, text):
    if word.startswith("/") and word.endswith("/") and len(word) > 1:
        return re.search(word[1:-1], text) is not None
    if fact in HOSTS:
        return host_matches(word, text)
    if fact == "tags":
        word = word.removeprefix("#")
    if fact in ("type", "object"):
        word = bare(word)
    word = fold(word) if fact in FOLDED else word
    if word.endswith("*"):
        return text.startswith(word[:-1])
    if word.startswith("*"):
        return text.endswith(word[1:])
    return text == word


def condition_matches(fact, wanted, facts, crossed, strict):
    """Any of what is wanted. A fact that is missing never matches; of one that is cut, what matches
    nothing that is known is as `strict` says."""
    wanted = several(wanted)
    if fact not in facts:
        return False
    value = facts[fact]
    if fact == "reply_to" and "crossed" in wanted and crossed and value != ["none"]:
        return True
    if isinstance(value, bool):
        return value in wanted
    if isinstance(value, int):
        return any(number_matches(one, value) for one in wanted)
    found = any(text_matches(fact, str(word), text) for word in wanted for text in value)
    return found or (fact in facts["cut"] and strict)


def all_match(conditions, facts, crossed, strict):
    return all(condition_matches(fact, wanted, facts, crossed, strict)
               for fact, wanted in conditions.items())


def ended(rule, now):
    if "until" not in rule:
        return False
    day = datetime.datetime.fromisoformat(f"{rule['until']}T23:59:59.999+00:00")
    return now >= round(day.timestamp() * 1000)


def rule_matches(rule, facts, crossed, now):
    """Where it is not sure whether it does: so that less gets through."""
    allows = rule["then"] == "allow"
    if ended(rule, now) or not all_match(rule.get("when", {}), facts, crossed, not allows):
        return False
    return "unless" not in rule or not all_match(rule["unless"], facts, crossed, allows)


def names(end, zone):
    """Whether an end of a rule stands for this zone, which is not the other end's."""
    return end == "*" or zone in several(end)


def one_side(side, rules, otherwise, facts, crossed, now):
    for rule in rules:
        if rule_matches(rule, facts, crossed, now):
            return Verdict(rule["then"], side, rule["name"])
    return Verdict(otherwise, side, None)


def inside(policy, zone, facts, crossed, now):
    rules = [rule for rule in policy["rules"]
             if zone in several(rule["from"]) and zone in several(rule["to"])]
    otherwise = policy["zones"][zone].get("inside", "allow")
    return one_side("inside", rules, otherwise, facts, crossed, now)


def across(policy, source, target, facts, crossed, now):
    short = [rule for rule in policy["rules"]
             if names(rule["from"], source) and names(rule["to"], target)]
    leaves = [rule for rule in policy["zones"][source].get("export", [])
              if names(rule["to"], target)]
    takes = [rule for rule in policy["zones"][target].get("import", [])
             if names(rule["from"], source)]
    out = one_side("export", leaves + short, "deny", facts, crossed, now)
    if out.what in ("deny", "drop"):
        return out
    into = one_side("import", takes + short, "deny", facts, crossed, now)
    if into.what in ("deny", "drop"):
        return into
    return out if out.what == "hold" or into.what != "hold" else into


def only_inside(activity):
    """Likes stay in their zone, and so does what takes them back."""
    thing = activity
    if activity["type"] == "Undo" and isinstance(activity["object"], dict):
        thing = activity["object"]
    return thing["type"] in ("Like", "Dislike")


def decide(policy, facts, source, now, crossed=()):
    """For each zone. crossed: the zones whose boundary with the source was crossed by what the
    activity answers."""
    return {target: inside(policy, source, facts, target in crossed, now) if target == source
            else across(policy, source, target, facts, target in crossed, now)
            for target in policy["zones"]}
