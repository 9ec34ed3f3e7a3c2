"""Rules that ask for the zone of whom a post mentions: where an operator put that host counts."""

from integration.acts import (activity as act, deliveries, join, note, proved, received, server,
                              settle)
from integration.relay import PARTNER, Relay

RULE = ("  - { name: named, from: internal, to: partners, when: { mentions: partners }, "
        "then: allow }\n")


def test_who_was_put_among_the_partners_is_mentioned_as_one(tmp_path, town):
    with Relay(tmp_path) as relay:
        relay.replace("  - { name: shared,", RULE + "  - { name: shared,")
        relay.reload()
        blog, shop, guest = server(town), server(town), server(town, PARTNER)
        relay.told("member", "invite", guest.host, "--zone", "partners")
        join(relay, blog, guest)

        def post(mentioned):
            tag = {"type": "Mention", "href": f"{mentioned.origin}/users/alice"}
            sent = blog.send(proved(blog, act(blog, "Create", note(blog, tag=[tag]))), relay.inbox)
            assert sent.status == 202
            return sent

        inside = post(shop)  # a department, by its address
        relay.told("member", "invite", shop.host, "--zone", "partners")
        crosses = post(shop)
        received(guest, crosses.id)
        settle(relay)
        assert not deliveries(guest, activity__id=inside.id)
