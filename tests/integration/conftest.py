"""What most integration tests stand on: many peers with the keys of few, and a town for them."""

import tempfile

import pytest

from integration.acts import Settlers
from peers.town import Town


@pytest.fixture(scope="session", name="settlers")
def fixture_settlers(tmp_path_factory):
    return Settlers(tmp_path_factory.mktemp("settlers"))


@pytest.fixture(name="town")
def fixture_town(settlers):
    """Peers are added with acts.server(town, address)."""
    with Town() as town:
        town.settlers = settlers
        yield town


@pytest.fixture(name="say")
def fixture_say(capsys):
    """Prints what people shall see also where the test goes well."""

    def say(text):
        with capsys.disabled():
            print(f"\n{text}", flush=True)

    return say


@pytest.fixture(name="kept_logs")
def fixture_kept_logs(monkeypatch):
    """What a run that failed keeps goes with the test. Not in tmp_path: a Unix socket's path is
    short."""
    with tempfile.TemporaryDirectory(prefix="weir-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield
