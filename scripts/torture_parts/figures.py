"""What a torture found, as figures and as text, and which bounds did not hold."""

import collections
import statistics

from torture_parts.storm import FEW

DUPLICATES = 0.005  # of the deliveries; of FEW kills:
REPEATS = 50  # each time when couriers may have lost what they knew
RECOVERY_S = 15
COURIER_S = 3  # one that comes back at once
DELIVERIES_A_KILL = 100
EACH_ROLE = 0.15  # of the kills, where there are not FEW
GRACE_S = 1  # so long after a kill what was on its way may still arrive


class Figures:
    """Of one part or of several: they are added up."""

    def __init__(self, seed):
        self.seed, self.seconds = seed, 0.0
        self.counts = collections.Counter()
        self.kills, self.freezes, self.lines = (collections.Counter() for _ in range(3))
        self.answers, self.plays = collections.Counter(), collections.Counter()
        self.recovery, self.took_over = collections.defaultdict(list), []
        self.after = collections.Counter()  # what was done last -> duplicates that came then
        self.ages = []  # of what was repeated, when that was done: seconds since it came first
        self.lost, self.wrong = [], []  # lost: what does not come any more

    def add(self, storm, town, seconds):
        """What was done and what came, to its end or not."""
        ledger = town.ledger
        self.seconds += seconds
        self.counts.update(deliveries=ledger.deliveries, promised=ledger.promised,
                           verified=ledger.verified, duplicates=len(ledger.repeats),
                           refused=ledger.refused())
        self.kills += storm.kills
        self.freezes += storm.freezes
        self.lines += storm.lines
        self.answers += town.answers
        self.plays += town.plays
        for name, took in storm.recovery.items():
            self.recovery[name] += took
        self.took_over += storm.took_over
        self.wrong += ledger.wrong + [f"{name} was never promised to who got it"
                                      for name in ledger.strays()]
        for first, again, _, _ in ledger.repeats:
            moment, what = _cause(storm.moments, first, again)
            self.after[what] += 1
            self.ages.append(moment - first)

    # --- what they come to ----------------------------------------------------------------------

    @property
    def worst(self):
        return max((max(took) for took in (*self.recovery.values(), self.took_over) if took),
                   default=0.0)

    @property
    def worst_courier(self):
        return max(self.recovery.get("kill courier", ()), default=0.0)

    @property
    def share(self):
        return self.counts["duplicates"] / max(self.counts["deliveries"], 1)

    @property
    def few(self):
        return self.kills.total() < FEW

    def most_duplicates(self):
        """How many there may be."""
        if not self.few:
            return DUPLICATES * self.counts["deliveries"]
        return REPEATS * (self.kills["courier"] + self.kills["master"] + self.freezes.total())

    def broken(self):
        """The bounds that did not hold, in words."""
        kills, deliveries = self.kills.total(), self.counts["deliveries"]
        other = {status: n for status, n in self.answers.items()
                 if status not in ("202", "503", "cut")}
        found = {
            f"{len(self.lost)} deliveries are lost": self.lost,
            f"{len(self.wrong)} are wrong: {'; '.join(self.wrong[:3])}": self.wrong,
            f"duplicates are {100 * self.share:.2f} % of the deliveries, more than"
            f" {self.most_duplicates():.0f}": self.counts["duplicates"] > self.most_duplicates(),
            f"it took {self.worst:.1f} s until all was well, more than {RECOVERY_S} s":
                self.worst > RECOVERY_S,
            f"it took {self.worst_courier:.1f} s after a courier was killed, more than"
            f" {COURIER_S} s": self.worst_courier > COURIER_S,
            f"{deliveries} deliveries are fewer than {DELIVERIES_A_KILL} a kill":
                deliveries < DELIVERIES_A_KILL * kills,
            f"{other} was answered, which is neither 202 nor 503": other,
            "no signature was verified": not self.counts["verified"],
        }
        if not self.few:
            found["a role was killed less often than the others"] = (
                min(self.kills.values()) < EACH_ROLE * kills)
        return [text for text, is_so in found.items() if is_so]

    def json(self):
        return {
            "seed": self.seed,
            "kills": self.kills.total(),
            "deliveries": self.counts["deliveries"],
            "lost": len(self.lost),
            "duplicates": self.counts["duplicates"],
            "duplicates_percent": round(100 * self.share, 4),
            "worst_recovery_s": round(self.worst, 3),
            "worst_courier_recovery_s": round(self.worst_courier, 3),
            "kills_by_role": dict(sorted(self.kills.items())),
            "freezes": self.freezes.total(),
            "freezes_by_role": dict(sorted(self.freezes.items())),
            "lines": dict(sorted(self.lines.items())),
            "peer_faults": dict(sorted(self.plays.items())),
            "posts": self.counts["promised"],
            "refused": self.counts["refused"],
            "signatures_verified": self.counts["verified"],
            "answers": dict(sorted(self.answers.items())),
            "recovery_s": {name: {"times": len(took), "median": round(statistics.median(took), 3),
                                  "worst": round(max(took), 3)}
                           for name, took in sorted(self.recovery.items())},
            "taken_over_s": [round(took, 3) for took in self.took_over],
            "duplicates_after": dict(self.after.most_common()),
            "duplicates_age_s": [round(age, 4) for age in statistics.quantiles(self.ages, n=10)]
                                if len(self.ages) > 1 else [],
            "seconds": round(self.seconds, 1),
            "broken": self.broken(),
        }

    def text(self):
        lines = [f"{'':<18}{'times':>7}{'well again after, s':>22}{'at worst':>10}"]
        for name, took in sorted(self.recovery.items()):
            lines.append(f"    {name:<14}{len(took):>7}{statistics.median(took):>22.2f}{max(took):>10.2f}")
        if self.took_over:
            lines.append(f"    {'taken over':<14}{len(self.took_over):>7}"
                         f"{statistics.median(self.took_over):>22.2f}{max(self.took_over):>10.2f}")
        return "\n".join(lines + [
            f"kills: {self.kills.total()} in {self.seconds:.0f} s ({_list(self.kills)})",
            f"freezes: {self.freezes.total()} ({_list(self.freezes)})",
            f"lines: {self.lines.total()} ({_list(self.lines)})",
            f"peers that misbehaved: {_list(self.plays)}",
            f"posts answered 202: {self.counts['promised']}; all answers: {_list(self.answers)}",
            f"deliveries: {self.counts['deliveries']}; signatures verified:"
            f" {self.counts['verified']}; refused for good by the receiver: {self.counts['refused']}",
            f"lost: {len(self.lost)}",
            f"duplicates: {self.counts['duplicates']} ({100 * self.share:.3f} %; after"
            f" {_list(self.after)})",
            f"worst recovery: {self.worst:.2f} s; of a courier that comes back at once:"
            f" {self.worst_courier:.2f} s",
        ])


def _cause(moments, first, again):
    """(time, what) of the first thing that was done after it came, or just before."""
    between = [one for one in moments if first - GRACE_S < one[0] < again]
    return min(between, key=lambda one: abs(one[0] - first), default=(first, "nothing"))


def _list(counter):
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items())) or "none"
