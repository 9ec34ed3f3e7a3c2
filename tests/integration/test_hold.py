"""What waits for a person: held, shown, approved, denied, taken back by its author; through real
processes, told by what the others record."""

import pytest

from integration.acts import deliveries, join, settle
from integration.relay import Relay, wait_until
from peers.town import Town

CONFIG = """\
url: http://$host
listen: $host
metrics: $metrics
redis: $redis
zones:
  internal:
    hosts: ["127.0.0.21:*"]
    networks: [127.0.0.0/8]
    join: open
  partners:
    hosts: ["127.0.0.22:*"]
    networks: [127.0.0.0/8]
    join: open
    inside: hold
rules:
  - {name: not-now, from: internal, to: partners, when: {tags: never}, then: deny}
  - {name: look-first, from: internal, to: partners, when: {tags: partners}, then: hold}
"""


class Scene:
    def __init__(self, relay, town, settlers):
        self.relay = relay
        self.blog, self.wiki, self.acme, self.globex = (
            settlers.add(town, f"127.0.0.{n}:0") for n in (21, 21, 22, 22))
        join(relay, self.blog, self.wiki, self.acme, self.globex)

    def got(self, peer, sent):
        settle(self.relay)
        return [d["activity"]["type"] for d in deliveries(peer, activity__id=sent.id)]

    def held(self):
        return self.relay.told("hold", "list")["holds"]

    def newest(self):
        return self.held()[-1]["h"]

    def post(self, text, tags=("partners",)):
        sent = self.blog.post(text, tags=list(tags))
        assert sent.status == 202, sent.answer.text
        return sent


@pytest.fixture(scope="module", name="s")
def fixture_scene(tmp_path_factory, settlers):
    with Relay(tmp_path_factory.mktemp("hold"), CONFIG) as relay, Town() as town:
        yield Scene(relay, town, settlers)


def test_what_is_held_goes_where_it_may_at_once_and_to_the_others_once_it_is_approved(s):
    sent = s.post("<p>Look at <b>this</b></p>")
    assert s.got(s.wiki, sent) == ["Create"]
    assert s.got(s.acme, sent) == []
    h = s.newest()
    shown = s.relay.told("hold", "show", str(h))
    print(shown)
