"""Rounds turned into figures: medians, what cannot be, and which bounds hold."""

import os
from statistics import median

CPU_MOST = 1.3  # signatures, for each delivery
COMMANDS_MOST = 0.1

HEADING = ("      deliveries/s  signs/s  sign us  cpu us  cpu in signs  redis commands"
           "  connections  others' cpu")


def line(found):
    """One round, for people."""
    return (f"      {found.deliveries / found.wall_s:12.0f} {found.signs_per_s:8.0f}"
            f" {found.sign_us:8.0f} {_cpu_us(found):7.0f} {_in_signs(found):13.3f}"
            f" {found.commands / found.deliveries:15.4f} {found.connections:12d}"
            f" {100 * found.foreign:11.0f} %")


def summary(fanout):
    """What `--json` writes: medians of the rounds that count, and what the sink saw."""
    rounds, sizes, seen = fanout.counted, fanout.sizes, fanout.stats
    names = list(dict.fromkeys(name for one in rounds for name in one.cpu))

    def middle(value):
        return median(value(one) for one in rounds)

    return {
        "deliveries_per_s": round(middle(lambda r: r.deliveries / r.wall_s), 1),
        "signs_per_s": round(middle(lambda r: r.signs_per_s), 1),
        "deliveries_per_sign": round(middle(lambda r: r.deliveries / r.wall_s / r.signs_per_s), 3),
        "cpu_in_signs": round(middle(_in_signs), 4),
        "cpu_in_signs_by_process": {
            name: round(middle(lambda r, n=name: r.cpu.get(n, 0) / 1000 / r.deliveries / r.sign_us),
                        4)
            for name in names
        },
        "cpu_us_per_delivery": round(middle(_cpu_us), 1),
        "sign_us": round(middle(lambda r: r.sign_us), 1),
        "redis_commands_per_delivery": round(middle(lambda r: r.commands / r.deliveries), 5),
        "redis_info_commands_per_delivery": round(
            middle(lambda r: r.info_commands / r.deliveries), 5),
        "connections_opened": sum(one.connections for one in fanout.rounds),
        "signatures_verified": seen["checked"],
        "signatures_bad": seen["bad"],
        "why_bad": seen["why_bad"],
        "repeats": seen["repeats"],
        "foreign_cpu": round(middle(lambda r: r.foreign), 3),
        "rounds_counted": len(rounds),
        "rounds_disturbed": sum(one.disturbed for one in rounds),
        "cores": len(os.sched_getaffinity(0)),
        "posts": sizes.posts,
        "destinations": sizes.destinations,
        "rounds": [
            {"deliveries": one.deliveries, "wall_s": round(one.wall_s, 4),
             "signs_per_s": one.signs_per_s, "sign_us": round(one.sign_us, 1),
             "cpu_in_signs": round(_in_signs(one), 4), "redis_commands": one.commands,
             "foreign_cpu": round(one.foreign, 3), "counted": one in rounds}
            for one in fanout.rounds
        ],
    }


def errors(found):
    """What says that the measurement is wrong, whatever it says of Weir."""
    told = []
    if found["cpu_in_signs"] < 1:
        told.append(f"{found['cpu_in_signs']} signatures of CPU for a delivery that has one"
                    " signature in it: CPU was missed, or the signatures were slowed down")
    if found["redis_commands_per_delivery"] <= 0:
        told.append("no commands to Redis: they were not counted")
    if found["signatures_verified"] == 0:
        told.append("no signature was verified")
    if found["signatures_bad"]:
        told.append(f"{found['signatures_bad']} of {found['signatures_verified']} signatures that"
                    f" were verified are wrong: {found['why_bad']}")
    return told


def missed(found):
    """The bounds that do not hold."""
    told = []
    if found["cpu_in_signs"] > CPU_MOST:
        told.append(f"{found['cpu_in_signs']} signatures of CPU for each delivery;"
                    f" at most {CPU_MOST} are allowed")
    if found["redis_commands_per_delivery"] > COMMANDS_MOST:
        told.append(f"{found['redis_commands_per_delivery']} commands to Redis for each delivery;"
                    f" at most {COMMANDS_MOST} are allowed")
    return told


def text(found):
    parts = ", ".join(f"{name} {share:.3f}"
                      for name, share in found["cpu_in_signs_by_process"].items())
    return f"""
Medians of {found['rounds_counted']} of {len(found['rounds'])} rounds, {found['posts']} posts to {found['destinations']} hosts each, {found['cores']} cores:
  deliveries a second              {found['deliveries_per_s']:10.0f}
  signatures a second, same cores  {found['signs_per_s']:10.0f}   deliveries for each: {found['deliveries_per_sign']:.2f}
  CPU of one delivery, signatures  {found['cpu_in_signs']:10.3f}   at most {CPU_MOST}; one signature: {found['sign_us']:.0f} us
    of it                          {parts}
  Redis commands of one delivery   {found['redis_commands_per_delivery']:10.4f}   at most {COMMANDS_MOST}; counted by Redis, inside scripts too: {found['redis_info_commands_per_delivery']:.4f}
  signatures verified              {found['signatures_verified']:10d}   wrong: {found['signatures_bad']}
  deliveries repeated              {found['repeats']:10d}
  connections opened in the rounds {found['connections_opened']:10d}
  cores taken by others            {100 * found['foreign_cpu']:9.0f} %   rounds disturbed by that: {found['rounds_disturbed']}"""


def _cpu_us(found):
    return sum(found.cpu.values()) / 1000 / found.deliveries


def _in_signs(found):
    return _cpu_us(found) / found.sign_us
