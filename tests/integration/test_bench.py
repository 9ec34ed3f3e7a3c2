"""scripts/bench at a small size: what it prints and writes, and that it refuses what can't be.

The programs beside it are those that were built with the relay under test; its verdict on the cost
is not asked for, since a build for tests is slower than what is shipped."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from integration.relay import ROOT, WEIR

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("kept_logs")]

PROGRAMS = Path(WEIR).parent / "tests" / "bench"
SMALL = ("--posts", 3, "--destinations", 12, "--rounds", 2, "--limit-seconds", 0.3)
FIGURES = {
    "deliveries_per_s": float, "signs_per_s": float, "deliveries_per_sign": float,
    "cpu_in_signs": float, "cpu_us_per_delivery": float, "sign_us": float,
    "redis_commands_per_delivery": float, "redis_info_commands_per_delivery": float,
    "connections_opened": int, "signatures_verified": int, "signatures_bad": int, "repeats": int,
    "foreign_cpu": float, "rounds_disturbed": int, "cores": int, "posts": int, "destinations": int,
}

sys.path.insert(0, str(ROOT / "scripts"))
from bench_parts import fanout, figures


def run(*words, programs=PROGRAMS):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "bench.py", "--programs", programs, *map(str, words)],
        capture_output=True, text=True, timeout=900, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "WEIR_BIN": str(WEIR)},
    )


def program(path, text):
    path.write_text(text, "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture(name="bent")
def fixture_bent(tmp_path):
    """A folder with the programs, of which a test puts one of its own in the place of another."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("bench_sink", "bench_limit"):
        (folder / name).symlink_to(PROGRAMS / name)
    return folder


def test_figures_of_a_small_run(tmp_path):
    file = tmp_path / "figures.json"
    done = run(*SMALL, "--json", file)
    assert done.returncode == 0, done
    found = json.loads(file.read_text("utf-8"))["fanout_warm"]
    for name, kind in FIGURES.items():
        assert isinstance(found[name], (kind, int)), name
    assert (found["errors"], found["missed"]) == ([], [])
    rounds = found["rounds"]
    assert len(rounds) in (2, 3, 4)  # more than two where others disturbed them
    assert all(one["deliveries"] == 36 for one in rounds)
    assert sum(one["counted"] for one in rounds) == found["rounds_counted"] == 2
    assert found["cpu_in_signs"] > 1
    assert found["redis_commands_per_delivery"] > 0
    # The posts of both rounds and of the warm-up, and the Accepts: every twentieth was verified.
    assert found["signatures_verified"] == (len(rounds) * 36 + 2 * 12 + 13) // 20
    assert found["signatures_bad"] == 0
    shares = found["cpu_in_signs_by_process"]
    assert "redis" in shares and len(shares) > 1
    assert sum(shares.values()) == pytest.approx(found["cpu_in_signs"], rel=0.3)
    assert f"{found['cpu_in_signs']:.3f}" in done.stdout


def test_less_than_one_signature_is_refused(bent, tmp_path):
    """Somebody measures signatures as dearer than they are."""
    (bent / "bench_limit").unlink()
    program(bent / "bench_limit", "#!/bin/sh\n"
            """[ "$2" = beside ] && echo beside && cat\n"""
            """echo '{"signs": 1, "signs_per_s": 1.0, "sign_us": 1e9}'\n""")
    file = tmp_path / "figures.json"
    done = run(*SMALL, "--json", file, programs=bent)
    assert done.returncode == 1
    assert "error of measurement" in done.stderr
    found = json.loads(file.read_text("utf-8"))["fanout_warm"]
    assert found["cpu_in_signs"] < 1 and len(found["errors"]) == 1


def test_a_wrong_signature_is_found(bent):
    """The sink is told another key than the relay's: every signature that it verifies is wrong."""
    (bent / "bench_sink").unlink()
    program(bent / "bench_sink",
            f'#!/bin/sh\nexec "{PROGRAMS / "bench_sink"}" "$1" "$2" "$2" "$4"\n')
    done = run(*SMALL, programs=bent)
    assert done.returncode == 1
    assert "the signature does not fit the key" in done.stderr


def test_what_is_lost_is_not_waited_for_in_silence(bent):
    """A sink that ends in the middle."""
    (bent / "bench_sink").unlink()
    program(bent / "bench_sink", "#!/bin/sh\nexit 0\n")
    done = run(*SMALL, programs=bent)
    assert done.returncode == 1
    assert "the sink has ended" in done.stderr


def round_with(foreign):
    return fanout.Round(deliveries=1, wall_s=1, cpu={}, sign_us=1, signs_per_s=1, commands=1,
                        info_commands=1, connections=0, foreign=foreign)


@pytest.mark.parametrize("foreign, more, counted", [
    ((), True, ()),
    ((0.9,), True, (0.9,)),
    ((0.0, 0.1), False, (0.0, 0.1)),
    ((0.0, 0.2), True, (0.0, 0.2)),
    ((0.3, 0.0, 0.2), True, (0.0, 0.2)),
    ((0.3, 0.05, 0.0), False, (0.05, 0.0)),
    ((0.3, 0.5, 0.2, 0.9), False, (0.3, 0.2)),
])
def test_disturbed_rounds_are_repeated(tmp_path, foreign, more, counted):
    sizes = fanout.Sizes(posts=1, destinations=1, rounds=2, limit_s=1)
    run_of = fanout.Fanout(tmp_path, PROGRAMS, sizes, "auto")
    run_of.rounds = [round_with(share) for share in foreign]
    assert run_of.more() is more
    assert tuple(one.foreign for one in run_of.counted) == counted


GOOD = {"cpu_in_signs": 1.1, "redis_commands_per_delivery": 0.05, "signatures_verified": 5,
        "signatures_bad": 0, "why_bad": ""}


@pytest.mark.parametrize("change, refused, over", [
    ({}, 0, 0),
    ({"cpu_in_signs": 1.3}, 0, 0),
    ({"cpu_in_signs": 1.31}, 0, 1),
    ({"cpu_in_signs": 1.0}, 0, 0),
    ({"cpu_in_signs": 0.999}, 1, 0),
    ({"redis_commands_per_delivery": 0.1}, 0, 0),
    ({"redis_commands_per_delivery": 0.11}, 0, 1),
    ({"redis_commands_per_delivery": 0.0}, 1, 0),
    ({"signatures_verified": 0}, 1, 0),
    ({"signatures_bad": 1, "why_bad": "the host is another one"}, 1, 0),
])
def test_verdict(change, refused, over):
    found = {**GOOD, **change}
    assert (len(figures.errors(found)), len(figures.missed(found))) == (refused, over)


@pytest.mark.parametrize("words", [
    (), ("--quick", "--posts", "3"), ("--posts", "0"), ("--speed", "9"),
])
def test_usage(words):
    done = run(*words)
    assert done.returncode == 2
    assert "usage:" in done.stderr
