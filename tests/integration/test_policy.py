"""The tools around the policy that need no running relay: weir policy test."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/weir"))
OURS = ROOT / "tests/policy"


def weir(*arguments, cwd):
    return subprocess.run([WEIR, *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
                          timeout=60, check=False)


@pytest.fixture(name="place")
def fixture_place(tmp_path):
    shutil.copytree(OURS, tmp_path, dirs_exist_ok=True)
    return tmp_path


def changed(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))


# --- weir policy test ---------------------------------------------------------------------------

def test_our_own_cases_come_out_as_they_say(place):
    done = weir("policy", "test", "cases", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == "18 decided, 0 wrong" and len(lines) == 19
    assert all(line.startswith("ok    cases/") for line in lines[:-1])
    assert lines[2] == ("ok    cases/boundary.yaml:8: what is marked stays inside: "
                        "wiki.corp.example -> partners: deny (rule-denies) by rule confidential "
                        "(line 8)")


@pytest.mark.parametrize("old, new, wrong", [
    ("then: deny,", "then: allow,", {"partners": "allow", "public": "allow"}),
    ("until: 2027-04-30", "until: 2027-05-30", {"partners": "allow"}),
    ("sensitive: false", "sensitive: true", {"partners": "deny", "social.acme.example": "deny"}),
    ("when: {reply_to: crossed}", "when: {reply_to: internal}", {"partners": "deny"}),
    ("then: drop", "then: deny", {"internal": "deny"}),
    ("inside: deny", "inside: allow", {"wiki.globex.example": "allow"}),
], ids=["a rule turned round", "a pilot that is longer", "another fact", "an answer", "a drop",
        "inside"])
def test_another_policy_is_found_out(place, old, new, wrong):
    changed(place / "weir.yaml", old, new)
    done = weir("policy", "test", "cases", "--json", cwd=place)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["good"], answer["wrong"]) == (1, False, len(wrong))
    assert {case["to"]: case["verdict"] for case in answer["cases"] if not case["good"]} == wrong
    done = weir("policy", "test", "cases", cwd=place)
    assert done.returncode == 1
    assert sum(line.startswith("WRONG cases/") for line in done.stdout.splitlines()) == len(wrong)


@pytest.mark.parametrize("old, new, said", [
    ("rule: press-out", "rule: press", "expected allow by rule press, is allow by rule press-out"),
    ("code: no-zone", "code: no-rule", "expected refuse (no-rule), is refuse (no-zone)"),
    ("from: stranger.example", "from: 'a b'", "is not decided: from is not HOST or HOST:PORT"),
    ("to: wiki.globex.example", "to: 'a b'",
     "expected deny (no-rule), is to is neither a zone nor HOST or HOST:PORT"),
    ("{actor: https://news.corp.example/users/jo}", "gone.json",
     "is not decided: cases/gone.json: No such file or directory"),
    ("{actor: https://news.corp.example/users/jo}", "{actor: 1}", "is not decided: url: "),
], ids=["another rule", "another code", "no host", "no target", "no file", "no activity"])
def test_a_case_that_says_otherwise_is_wrong(place, old, new, said):
    changed(place / "cases/boundary.yaml", old, new)
    done = weir("policy", "test", "cases", cwd=place)
    wrong = [line for line in done.stdout.splitlines() if line.startswith("WRONG")]
    assert (done.returncode, len(wrong)) == (1, 1)
    assert said in wrong[0]


def test_a_file_that_is_not_right_is_no_success(place):
    (place / "cases/more.yaml").write_text("cases:\n  - {from: a, expect: allow, activity: x}\n")
    done = weir("policy", "test", "cases", cwd=place)
    assert done.returncode == 1
    assert done.stderr == "cases/more.yaml:2:5: a case needs `to`\n"
    assert done.stdout.endswith("18 decided, 0 wrong\n")


@pytest.mark.parametrize("arguments, code, said", [
    (["policy", "test", "empty"], 1, ""),
    (["policy", "test", "nowhere"], 1, "nowhere: No such file or directory"),
    (["policy", "test", "cases", "-c", "gone.yaml"], 1, "gone.yaml"),
    (["policy", "test"], 2, "usage: weir policy test"),
    (["policy"], 2, "usage: weir policy test"),
    (["policy", "tests", "cases"], 2, "usage: weir policy test"),
], ids=["no file", "no directory", "no configuration", "no words", "no verb", "another verb"])
def test_nothing_to_decide_is_no_success(place, arguments, code, said):
    (place / "empty").mkdir()
    (place / "empty/post.json").write_text("{}")
    done = weir(*arguments, cwd=place)
    assert done.returncode == code and said in done.stderr
