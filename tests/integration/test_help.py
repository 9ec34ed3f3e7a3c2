"""`weir help` and `weir version`: the tables that everything else is made from, and what a person gets
who asks wrongly."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build" / "weir"))

METRICS = {
    "weir_build_info": "gauge",
    "weir_http_requests_total": "counter",
    "weir_inbox_total": "counter",
    "weir_inbox_seconds": "histogram",
    "weir_journal_appended_total": "counter",
    "weir_journal_gaps_total": "counter",
    "weir_journal_no_form_total": "counter",
    "weir_journal_position": "gauge",
    "weir_journal_trimmed_total": "counter",
    "weir_clock_doubted": "gauge",
    "weir_trim_stopped": "gauge",
    "weir_redis_memory_bytes": "gauge",
    "weir_redis_memory_kept_bytes": "gauge",
    "weir_deliveries_total": "counter",
    "weir_undelivered_total": "counter",
    "weir_delivery_seconds": "histogram",
    "weir_delivery_lag_seconds": "histogram",
    "weir_destinations": "gauge",
    "weir_destinations_parked": "gauge",
    "weir_destinations_on_hold": "gauge",
    "weir_suspects_itself": "gauge",
    "weir_destination_behind_entries": "gauge",
    "weir_freezes": "gauge",
    "weir_direct_waiting": "gauge",
    "weir_commits_total": "counter",
    "weir_members": "gauge",
    "weir_held": "gauge",
    "weir_held_bytes": "gauge",
    "weir_holds_closed_total": "counter",
    "weir_pilots_ending": "gauge",
    "weir_key_fetches_total": "counter",
    "weir_redis_up": "gauge",
    "weir_redis_commands_total": "counter",
    "weir_redis_trouble_total": "counter",
    "weir_shards_stopped": "gauge",
    "weir_processes": "gauge",
    "weir_process_restarts_total": "counter",
    "weir_http_connections": "gauge",
    "weir_log_dropped_total": "counter",
}
VERBS = [  # a line for each word, so that changes stay apart
    "init",
    "serve",
    "status",
    "config check", "config explain", "config diff", "config apply",
    "reload",
    "member list", "member show", "member invite", "member edit", "member accept", "member reject",
    "member suspend", "member resume", "member remove",
    "pilot list", "pilot extend", "pilot end", "pilot promote",
    "author list", "author show", "author optin", "author optout", "author forget", "author import",
    "trace",
    "queue list", "queue show", "queue retry", "queue hold", "queue release", "queue drop",
    "replay",
    "recall",
    "hold list", "hold show", "hold approve", "hold deny",
    "freeze", "freeze list",
    "thaw",
    "dead list", "dead show", "dead retry", "dead drop",
    "audit list", "audit verify", "audit export",
    "list import", "list proposals", "list confirm", "list dismiss",
    "report",
    "backup",
    "restore",
    "verify",
    "journal adopt",
    "explain",
    "policy test", "policy replay",
    "sig canonicalize", "sig sign", "sig verify",
    "help",
    "version",
]


def weir(*words):
    return subprocess.run([WEIR, *words], capture_output=True, text=True, timeout=60, check=False)


def names(table):
    return weir("help", "--list", table).stdout.split("\n")[:-1]


def test_the_verbs_are_these():
    assert names("verbs") == VERBS


def test_the_metrics_are_these_and_of_these_kinds():
    lines = [line.split() for line in weir("help", "metrics").stdout.splitlines()]
    assert {line[0]: line[1] for line in lines} == METRICS
    assert sorted(names("metrics")) == sorted(METRICS)


@pytest.mark.parametrize("table", ["verbs", "settings", "metrics", "problems"])
def test_every_name_of_a_table_is_explained_there_and_in_the_manual(table):
    listed = names(table)
    assert len(listed) > 10 and len(set(listed)) == len(listed)
    page = "weir.yaml.5" if table == "settings" else "weir.1"
    manual = re.sub(r"\\f[BR]", "", weir("help", "--man", page).stdout).replace("\\-", "-")
    prose = weir("help", table).stdout
    for name in listed:
        word = rf"(?<![\w.-]){re.escape(name)}(?![\w-])"
        assert re.search(word, prose), name
        assert re.search(word, manual), name


def test_the_help_names_every_verb_and_the_exit_codes():
    answer = weir("--help")
    assert answer.returncode == 0
    assert all(f"  {verb} " in answer.stdout for verb in VERBS)
    assert "3 the server can't be reached" in answer.stdout
    assert weir("help").stdout == answer.stdout


@pytest.mark.parametrize("page", ["weir.1", "weir.yaml.5", "weir-policy.7"])
def test_no_prose_of_a_manual_page_is_a_request_to_roff(page):
    text = weir("help", "--man", page).stdout
    assert text.startswith(".TH ") and ".SH NAME\n" in text
    assert not re.search(r"^\.(?!TH|SH|TP|nf|fi)", text, re.M)  # no request that prose made by chance


@pytest.mark.parametrize("words", [[], ["halp"], ["help", "no-such-table"], ["help", "--man", "weir.7"],
                                   ["member"], ["member", "dance"], ["config"], ["version", "--loud"],
                                   ["sig"], ["member", "show"]])
def test_wrong_use_is_said_on_standard_error_with_code_2(words):
    answer = weir(*words)
    assert answer.returncode == 2
    assert answer.stderr and not answer.stdout


def test_the_version_for_people_and_for_programs():
    plain = weir("version").stdout.strip()
    assert re.fullmatch(r"weir \d+\.\d+\.\d+", plain)
    assert json.loads(weir("version", "--json").stdout) == {"version": plain.split()[1]}
    assert weir("--version").stdout.strip() == plain
