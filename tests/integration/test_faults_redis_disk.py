"""The disk of Redis: full, failing, and what a power cut takes with it."""

import time

import pytest

from integration.faults_redis import QUICK, Disk, of, scene
from integration.kills import SILENT_S, Count, Load, grown
from integration.redis_server import RedisServer
from integration.relay import Relay, wait_until
from integration.shims import loaded

NO_REWRITE = {"auto_aof_rewrite_percentage": "0"}


@pytest.mark.row("Q08")
@pytest.mark.parametrize("what", ["fills", "fails"])
def test_a_disk_that_takes_nothing_loses_nothing_and_all_goes_on_when_it_is_mended(
        tmp_path, settlers, what):
    disk = Disk(tmp_path)
    with RedisServer(tmp_path, environment=loaded(disk)) as redis, \
            scene(tmp_path, settlers, redis=redis) as town_scene:
        town_scene.posts(3)
        town_scene.all_there()
        for reader in town_scene.readers:
            reader.down()
        town_scene.posts(2)
        getattr(disk, what)()
        town_scene.refuses()
        redis.gone()  # a Redis that syncs always ends rather than promise
        town_scene.away()
        town_scene.told("away")
        for reader in town_scene.readers:
            reader.up()
        disk.mended()
        redis.start()
        town_scene.back()
        town_scene.posts(2)
        town_scene.all_there(repeats=0)


@pytest.mark.row("Q08")
def test_a_full_disk_under_a_redis_that_syncs_each_second_has_a_name(tmp_path, settlers):
    disk = Disk(tmp_path)
    with RedisServer(tmp_path, appendfsync="everysec", environment=loaded(disk)) as redis, \
            scene(tmp_path, settlers, redis=redis, extra=QUICK + "durability: standard\n") as town_scene:
        town_scene.posts(2)
        town_scene.all_there()
        disk.fills()
        wait_until(lambda: town_scene.offer(town_scene.write()) == 503, "posts are refused")
        town_scene.told("disk")
        assert town_scene.relay.get("/actor")[0] == 200
        disk.mended()
        town_scene.posts(2)
        town_scene.all_there()


WITHHELD = 5  # of the cuts: those at the end


class Cuts:
    """Power cuts while posts are accepted and delivered; in the last of them a receiver stands still,
    so that what it is owed is nowhere but in Redis."""

    def __init__(self, directory, durability):
        self.directory, self.durability = directory, durability
        self.disk = Disk(directory)
        self.gone = []  # bytes, of each cut
        self.ready_after = []

    def run(self, cuts):
        always = self.durability == "strict"
        redis = RedisServer(self.directory, appendfsync="always" if always else "everysec",
                            environment=loaded(self.disk), **NO_REWRITE)
        extra = QUICK + f"durability: {self.durability}\n"
        with redis, Relay(self.directory, redis=redis.url, extra=extra, workers=1) as relay, \
                Load(self.directory, relay, senders=2, receivers=3, lanes=of(4, 8), pace=0.04) as load:
            if not always:
                time.sleep(2.5)  # who joins in the last second is no member any more
            for number in range(cuts):
                if number == cuts - WITHHELD:
                    load.freeze()
                self._flows(load)
                time.sleep(0.1 * (number % 4))
                self.gone.append(self.disk.power_cut(redis))
                began = time.monotonic()
                redis.start()
                self._flows(load)
                self.ready_after.append(time.monotonic() - began)
            load.thaw()
            load.stop(SILENT_S if always else 5)
            self.lost = relay.metric('weir_redis_trouble_total{state="lost"}')
            self.said = relay.log("redis", trouble="lost")
            return Count(load)

    @staticmethod
    def _flows(load):
        sent = load.sizes("sent")[:2]
        wait_until(lambda: grown(sent, load.sizes("sent")[:2]), "posts are taken")


@pytest.mark.row("Q09")
def test_power_cuts_while_posts_are_accepted_lose_nothing_that_was_promised(say, tmp_path):
    cuts = Cuts(tmp_path, "strict")
    count = cuts.run(20)
    say(f"    20 power cuts, strict: {len(count.promised)} posts answered 202, lost {len(count.lost)},"
        f" repeats {len(count.repeats)} of {count.deliveries}; back after"
        f" {max(cuts.ready_after):.1f} s at most; {sum(cuts.gone)} bytes were not yet synced")
    assert not count.lost
    assert not count.wrong and not count.foreign
    assert not cuts.said


@pytest.mark.row("Q09")
def test_the_same_cuts_take_up_to_a_second_where_redis_syncs_each_second_and_that_is_said(say, tmp_path):
    """The control: the same cuts with the weaker promise are seen to lose, and Weir says how much."""
    cuts = Cuts(tmp_path, "standard")
    count = cuts.run(of(5, 20))
    posts = len({post for _, post in count.lost})
    say(f"    {len(cuts.gone)} power cuts, standard: {len(count.promised)} posts answered 202, {posts}"
        f" of them lost, {sum(cuts.gone)} bytes gone")
    assert any(cuts.gone) and posts and cuts.lost > 0
    assert "the journal ends at" in cuts.said[0]["said"]
