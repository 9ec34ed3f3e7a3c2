"""The verbs that need no running relay: config, init and explain, as an operator calls them."""
import json
import os
import pathlib
import re
import stat
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/weir"))
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
BLOG, WIKI, PARTNER = "127.0.0.1:9101", "127.0.0.1:9102", "127.0.0.1:9201"


def weir(*arguments, cwd, given=None):
    return subprocess.run([WEIR, *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
                          input=given, timeout=60, check=False)


def readme_example():
    """The first file of YAML in the README, which promises that it works as it stands."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.search(r"```yaml\n(.*?)```", text, re.DOTALL).group(1)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(name="place")
def fixture_place(tmp_path):
    (tmp_path / "weir.yaml").write_text(readme_example())
    return tmp_path


def post(host=BLOG, tags=(), **changes):
    actor = f"http://{host}/u/jo"
    note = {"id": f"http://{host}/o/1", "type": "Article", "attributedTo": actor, "to": [PUBLIC],
            "tag": [{"type": "Hashtag", "name": tag} for tag in tags]}
    whole = {"id": f"http://{host}/a/1", "type": "Create", "actor": actor, "to": [PUBLIC],
             "object": note}
    return {**whole, **changes}


def explain(place, activity, *arguments):
    (place / "post.json").write_text(json.dumps(activity))
    return weir("explain", "post.json", *arguments, cwd=place)


def explained(place, activity, *arguments):
    done = explain(place, activity, *arguments, "--json")
    return done.returncode, json.loads(done.stdout)


# --- config -------------------------------------------------------------------------------------

def test_the_readmes_file_is_good(place):
    done = weir("config", "check", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "./weir.yaml: good: 2 zones, 2 rules, url http://127.0.0.1:8080\n"


def test_a_mistake_has_its_place(place):
    broken = readme_example().replace("join: open", "jion: open").replace("8080  ", "port  ", 1)
    (place / "weir.yaml").write_text(broken)
    done = weir("config", "check", cwd=place)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ('./weir.yaml:1:6: url: "http://127.0.0.1:port" is not a URL\n'
                           './weir.yaml:11:5: unknown key of a zone "jion"; did you mean "join"?\n')
    done = weir("config", "check", "--json", cwd=place)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["good"], len(answer["mistakes"])) == (1, False, 2)
    assert answer["mistakes"][1] == {
        "line": 11, "column": 5, "what": 'unknown key of a zone "jion"; did you mean "join"?'}


def test_a_file_that_is_not_there(tmp_path):
    done = weir("config", "check", "-c", "gone.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "gone.yaml: No such file or directory\n")
    answer = json.loads(weir("config", "check", "-c", "gone.yaml", "--json", cwd=tmp_path).stdout)
    assert answer["mistakes"] == [{"line": 0, "column": 0, "what": "No such file or directory"}]


def test_explain_prints_every_setting(place):
    done = weir("config", "explain", "-c", "weir.yaml", cwd=place)
    assert done.returncode == 0
    assert "signature.past\n    how far" in done.stdout
    assert "duration, 1s to 1d; default 65min; now 65min" in done.stdout
    assert "rule shared: from internal to partners when {tags: partners} then allow" in done.stdout
    answer = json.loads(weir("config", "explain", "--json", cwd=place).stdout)
    names = [setting["name"] for setting in answer["settings"]]
    assert len(names) == len(set(names)) > 40
    assert answer["zones"][0]["hosts"] == ["127.0.0.1:91*", "*.corp.example"]


def test_explain_keeps_a_password(place):
    text = readme_example().replace("embedded  ", "redis://weir:sesame@127.0.0.1:6379/0  ")
    (place / "weir.yaml").write_text(text)
    for arguments in ([], ["--json"]):
        done = weir("config", "explain", *arguments, cwd=place)
        assert done.returncode == 0 and "redis://weir:***@127.0.0.1:6379/0" in done.stdout
        assert "sesame" not in done.stdout


@pytest.mark.parametrize("arguments", [
    ["config"], ["config", "look"], ["config", "check", "a", "b"], ["config", "check", "--jsn"],
    ["config", "check", "-c"], ["config", "check", "-c", "a", "-c", "b"],
    ["config", "check", "--json=1"],
    ["init", "a", "b"], ["init", "--url"], ["init", "--url", "relay.example"],
    ["init", "--url", "http://relay.example"], ["init", "--url", "https://relay.example/x"],
    ["init", "--url", "https://r.example # x"],
    ["explain"], ["explain", "post.json"], ["explain", "post.json", "--from", "not a host"],
    ["explain", "post.json", "--from", BLOG, "--to", "a/b"],
], ids=" ".join)
def test_wrong_use(place, arguments):
    (place / "post.json").write_text(json.dumps(post()))
    before = sorted(path.name for path in place.iterdir())
    done = weir(*arguments, cwd=place)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"usage: weir {arguments[0]}" in done.stderr
    assert sorted(path.name for path in place.iterdir()) == before


# --- init ---------------------------------------------------------------------------------------

def test_init_makes_what_serve_needs(tmp_path):
    done = weir("init", "relay", "--url", "https://relay.corp.example", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    data = tmp_path / "relay/weir-data"
    assert mode(data) == 0o700
    for key, header in (("actor-rsa.pem", "PRIVATE KEY"), ("actor-ed25519.pem", "PRIVATE KEY")):
        assert mode(data / key) == 0o600
        assert header in (data / key).read_text()
    assert "weir serve -c relay/weir.yaml" in done.stdout
    assert weir("config", "check", "-c", "relay/weir.yaml", cwd=tmp_path).returncode == 0
    assert "\n  internal:\n    hosts: [\"*.corp.example\"]\n" in (
        tmp_path / "relay/weir.yaml").read_text()


def test_init_here(tmp_path):
    assert weir("init", cwd=tmp_path).returncode == 0
    assert weir("config", "check", cwd=tmp_path).returncode == 0


def test_init_changes_nothing_that_is_there(tmp_path):
    assert weir("init", cwd=tmp_path).returncode == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    done = weir("init", cwd=tmp_path)
    assert done.returncode == 1 and "nothing to do" in done.stderr
    done = weir("init", "--url", "https://relay.example", cwd=tmp_path)
    assert done.returncode == 1 and "is there already" in done.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_init_makes_the_keys_of_a_file_that_is_there(place):
    done = weir("init", cwd=place)
    assert done.returncode == 0
    assert (place / "weir.yaml").read_text() == readme_example()
    rsa = place / "weir-data/actor-rsa.pem"
    ed25519 = (place / "weir-data/actor-ed25519.pem").read_bytes()
    rsa.unlink()
    assert weir("init", cwd=place).returncode == 0
    assert rsa.exists() and (place / "weir-data/actor-ed25519.pem").read_bytes() == ed25519


def test_init_does_not_follow_a_link(tmp_path):
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "weir.yaml").symlink_to("gone")
    assert weir("init", cwd=tmp_path).returncode == 1
    assert not (tmp_path / "gone").exists()


# --- explain ------------------------------------------------------------------------------------

def test_a_post_for_partners_crosses(place):
    code, answer = explained(place, post(tags=["#Partners"]), "--from", BLOG)
    assert (code, answer["allow"], answer["code"]) == (0, True, "ok")
    assert answer["zones"] == [
        {"zone": "internal", "allow": True, "code": "ok", "side": "inside"},
        {"zone": "partners", "allow": True, "code": "ok", "side": "export", "rule": "shared"}]
    code, answer = explained(place, post(tags=["#Partners"]), "--from", BLOG, "--to", PARTNER)
    assert (code, answer["rules"]) == (0, [
        {"side": side, "rule": "shared", "line": 17, "matches": True, "then": "allow"}
        for side in ("export", "import")])


def test_another_stays_inside(place):
    code, answer = explained(place, post(tags=["#q3"]), "--from", BLOG, "--to", PARTNER)
    assert (code, answer["allow"], answer["code"]) == (1, False, "no-rule")
    assert answer["rules"] == [
        {"side": "export", "rule": "shared", "line": 17, "matches": False,
         "because": "tags is [q3], wants partners"},
        {"side": "export", "rule": "back", "line": 18, "matches": False,
         "because": "from is another zone"}]
    assert explained(place, post(tags=["#q3"]), "--from", BLOG, "--to", WIKI)[0] == 0
    done = explain(place, post(), "--from", BLOG, "--to", PARTNER)
    assert "export 1  shared               tags is [], wants partners\n" in done.stdout
    assert "verdict   deny   no-rule: no rule allows it, on export\n" in done.stdout


def test_a_rule_can_deny(place):
    (place / "weir.yaml").write_text(readme_example().replace("then: allow", "then: deny"))
    code, answer = explained(place, post(PARTNER), "--from", PARTNER, "--to", BLOG)
    assert (code, answer["code"], answer["zones"][0]["rule"]) == (1, "rule-denies", "back")


@pytest.mark.parametrize("activity, sender, reason", [
    (post("stranger.example"), "stranger.example", "no-zone"),
    (post(), WIKI, "actor-not-signer"),
    (post(id="http://127.0.0.1:9102/a/1"), BLOG, "origin"),
    (post(to=["http://127.0.0.1:9101/followers"]), BLOG, "not-public"),
    (post(type="Follow", object=PUBLIC), BLOG, "not-relayed"),
], ids=["no zone", "another's actor", "another's id", "for followers", "a Follow"])
def test_refused_before_any_rule(place, activity, sender, reason):
    code, answer = explained(place, activity, "--from", sender)
    assert (code, answer["allow"], answer["code"]) == (1, False, reason)
    assert "zones" not in answer
    done = explain(place, activity, "--from", sender)
    assert done.returncode == 1 and f"verdict   deny   {reason}: " in done.stdout


def test_never_back(place):
    done = explain(place, post(), "--from", BLOG, "--to", BLOG)
    assert done.returncode == 1
    assert "nothing goes back to the host it came from" in done.stdout


def test_a_zone_may_be_asked_about(place):
    code, answer = explained(place, post(tags=["#Partners"]), "--from", BLOG, "--to", "partners")
    host = explained(place, post(tags=["#Partners"]), "--from", BLOG, "--to", PARTNER)[1]
    assert (code, answer["to"]) == (0, {"zone": "partners"})
    assert host.pop("to") == {"host": PARTNER, "zone": "partners"}
    assert {**answer, "to": None} == {**host, "to": None}
    code, answer = explained(place, post(tags=["#q3"]), "--from", BLOG, "--to", "partners")
    assert (code, answer["code"], len(answer["zones"])) == (1, "no-rule", 1)
    assert "to        zone partners\n" in explain(
        place, post(), "--from", BLOG, "--to", "partners").stdout
    # its own zone has more hosts than the one that it came from
    assert explained(place, post(), "--from", BLOG, "--to", "internal")[0] == 0
    assert explained(place, post(), "--from", BLOG, "--to", BLOG)[0] == 1


def test_what_the_receiver_gets(place):
    proof = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofValue": "z1"}
    plain = explained(place, post(), "--from", BLOG)[1]["gets"]
    proven = explained(place, post(proof=proof), "--from", BLOG)[1]["gets"]
    edited = explained(place, post(type="Update"), "--from", BLOG)[1]
    announced = post()["object"]["id"]
    assert plain == {"withProofs": "announce", "otherwise": "announce", "announces": announced}
    assert proven == {"withProofs": "bytes", "otherwise": "announce", "announces": announced}
    assert edited["gets"] == {"withProofs": "nothing", "otherwise": "nothing"}
    assert edited["followsItsObject"] is True


def test_what_is_announced_to_followers_would_be_fetched(place):
    actor = post()["actor"]
    announce = {"type": "Announce", "object": f"http://{PARTNER}/n/1", "cc": []}
    told = explained(place, post(**announce, to=[f"{actor}/followers"]), "--from", BLOG)[1]
    assert told["fetchesItsObject"] is True
    assert told["gets"] == {"withProofs": "announce", "otherwise": "announce",
                            "announces": announce["object"]}
    done = explain(place, post(**announce, to=[f"{actor}/followers"]), "--from", BLOG)
    assert "its object would be fetched" in done.stdout
    # the twins: to everybody it is known already; to somebody else's followers it goes nowhere
    public = explained(place, post(**announce, to=[PUBLIC]), "--from", BLOG)[1]
    assert public["fetchesItsObject"] is False
    others = explained(place, post(**announce, to=[f"{actor}s/followers"]), "--from", BLOG)
    assert (others[0], others[1]["code"]) == (1, "not-public")


@pytest.mark.parametrize("text, reason", [
    ("", "json-syntax"), ("{", "json-syntax"), ('{"a": 1, "a": 2}', "json-duplicate"),
    ("[" * 40 + "]" * 40, "json-depth"), ("{}", "not-an-activity"),
])
def test_a_file_that_is_no_activity(place, text, reason):
    done = weir("explain", "-", "--from", BLOG, cwd=place, given=text)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"weir: -: {reason}: ")


def test_a_file_that_is_too_large_or_not_there(place):
    (place / "post.json").write_text(" " * (1 << 20) + json.dumps(post()))
    done = weir("explain", "post.json", "--from", BLOG, cwd=place)
    assert done.returncode == 1 and "larger than allowed" in done.stderr
    done = weir("explain", "gone.json", "--from", BLOG, cwd=place)
    assert done.returncode == 1 and "No such file" in done.stderr


def test_a_strangers_text_does_not_reach_the_terminal(place):
    done = explain(place, post(tags=["#a\x1b[2J\x9b"]), "--from", BLOG)
    assert done.returncode == 0
    assert "a\\x1b[2J\\x9b" in done.stdout
    assert "\x1b" not in done.stdout and "\x9b" not in done.stdout
