"""A conversation with a partner: what answers something that crossed may cross as well, both ways,
without a tag on each; what answers anything else may not, and who sends it is told."""

import pytest

from integration.acts import deliveries, join, refused, settle
from integration.relay import Relay
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
    export:
      - {name: shared, to: [acme, globex], when: {tags: partners}, then: allow}
      - {name: answers, to: "*", when: {reply_to: crossed}, then: allow}
    import:
      - {name: back, from: "*", when: {reply_to: crossed}, then: allow}
  acme:
    hosts: ["127.0.0.22:*"]
    networks: [127.0.0.0/8]
    join: open
    inside: deny
    export: [{to: "*", then: allow}]
    import: [{from: internal, then: allow}]
  globex:
    hosts: ["127.0.0.23:*"]
    networks: [127.0.0.0/8]
    join: open
    export: [{to: "*", then: allow}]
    import: [{from: internal, unless: {tags: steel}, then: allow}]
"""


class Scene:
    def __init__(self, relay, town, settlers):
        self.relay = relay
        self.blog, self.wiki, self.acme, self.globex = (
            settlers.add(town, f"127.0.0.{n}:0") for n in (21, 21, 22, 23))
        join(relay, self.blog, self.wiki, self.acme, self.globex)

    def post(self, peer, text, **how):
        """The post, sent; everybody has what they get of it when this returns."""
        sent = peer.post(text, **how)
        assert sent.status == 202, sent.answer.text
        settle(self.relay)
        return sent

    def readers(self, sent):
        """Who has it."""
        peers = {"blog": self.blog, "wiki": self.wiki, "acme": self.acme, "globex": self.globex}
        return {name for name, peer in peers.items() if deliveries(peer, activity__id=sent.id)}


@pytest.fixture(scope="module", name="s")
def fixture_scene(tmp_path_factory, settlers):
    with Relay(tmp_path_factory.mktemp("conversation"), CONFIG) as relay, Town() as town:
        yield Scene(relay, town, settlers)


def test_answers_go_where_the_conversation_went_and_back(s):
    first = s.post(s.blog, "what do you think?", tags=["partners"])
    assert s.readers(first) == {"wiki", "acme", "globex"}
    answer = s.post(s.acme, "we like it", answers=first.object_id)
    assert s.readers(answer) == {"blog", "wiki"}  # partners hear nothing of each other
    again = s.post(s.wiki, "good to hear", answers=answer.object_id)  # without any tag
    assert s.readers(again) == {"blog", "acme"}
    own = s.post(s.blog, "one thing more", answers=first.object_id)
    assert s.readers(own) == {"wiki", "acme", "globex"}


def test_what_answers_nothing_that_crossed_stays_away(s):
    inside = s.post(s.blog, "among ourselves")
    assert s.readers(inside) == {"wiki"}
    # That somebody has its id opens no way.
    guessed = s.acme.post("we heard of it", answers=inside.object_id)
    refused(guessed, 403, "no-rule")
    among = s.post(s.wiki, "so do we", answers=inside.object_id)
    assert s.readers(among) == {"blog"}
    for text, answered in (("of nobody", "https://nowhere.example/posts/1"), ("by the way", None)):
        refused(s.acme.post(text, answers=answered), 403, "no-rule")


def test_an_answer_reaches_only_those_who_had_what_it_answers(s):
    first = s.post(s.blog, "about steel", tags=["partners", "steel"])
    assert s.readers(first) == {"wiki", "acme"}
    guessed = s.post(s.globex, "we guessed so", answers=first.object_id)
    assert s.readers(guessed) == set()
    answer = s.post(s.wiki, "more of it", answers=first.object_id)
    assert s.readers(answer) == {"blog", "acme"}


def test_what_was_deleted_is_no_conversation_any_more(s):
    first = s.post(s.blog, "too early", tags=["partners"])
    gone = s.blog.remove(first.object_id)
    assert gone.status == 202
    settle(s.relay)
    refused(s.acme.post("too late", answers=first.object_id), 403, "no-rule")
