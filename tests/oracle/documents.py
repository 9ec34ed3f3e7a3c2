"""Activities at random, in the shapes of the programs that send them. All of them sound: what they
say can be read in one way only; but now and then a link or a mention does not say which host it means.

    Documents(seed).question()  ->  (activity, Around)
"""

import datetime
import random

from oracle.facts import AS, Around, several

HOSTS = {
    "blog.corp.example": "internal", "wiki.corp.example": "internal",
    "video.corp.example:8443": "internal", "social.acme.example": "partners",
    "shop.acme.example": "partners", "forum.public.example": "public",
    "elsewhere.example": None, "xn--bcher-kva.example": None, "[2001:db8::1]": None,
}
PROGRAMS = ["Mastodon", "GoToSocial", "wordpress", "lemmy", "PeerTube", ""]
OBJECTS = ["Note", "Article", "Page", "Event", "Question", "Image", "Video", "Audio", "Document",
           "Review", "Person", "Tombstone"]
TAGS = ["supplychain", "SupplyChain", "Q3", "Überholt", "überholt", "ΟΔΟΣ", "οδος", "İx", "ЖУК",
        "press", "#", "a b"]
LANGUAGES = ["en", "de", "de-AT", "DE-ch", "fr", "zh-Hant-TW", "und", "UND"]
FILES = [{"type": "Document", "mediaType": "image/png"}, {"type": "Image"}, {"type": "Video"},
         {"type": "Document", "mediaType": "video/mp4"}, {"type": "as:Audio"},
         {"type": "Document"}, {"type": "Document", "mediaType": "application/pdf"},
         {"type": "x:Thing"}, {"type": "x:Thing", "mediaType": "text/csv"},
         {"type": "Image", "mediaType": "AUDIO/ogg"}, "https://files.example/1",
         {"type": "Link", "mediaType": "text/html"}, {"type": "Link", "mediaType": "image/gif"},
         {"type": "PropertyValue", "name": "x", "value": "y"}, None]
DAY_MS = 86400000
NOW = 1793527200000  # 2026-11-01T10:00:00Z


class Documents:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0

    def maybe(self, chance=0.5):
        return self.random.random() < chance

    def some(self, most, make):
        """None, one alone, or a list: the ways in which ActivityPub writes several."""
        found = [make() for _ in range(self.random.choice([0, 0, 1, 1, 2, most]))]
        if not found and self.maybe():
            return None
        return found[0] if len(found) == 1 and self.maybe() else found

    def host(self):
        return self.random.choice(list(HOSTS))

    def url(self, host=None):
        scheme = "http" if self.maybe(0.1) and host is None else "https"
        self.count += 1
        return f"{scheme}://{host or self.host()}/x/{self.count}"

    def date(self):
        """A time of the last days, or soon."""
        moment = NOW + self.random.randrange(-40 * DAY_MS, DAY_MS)
        text = Documents.written(moment)
        return text if self.maybe() else text.replace("Z", "+00:00")

    @staticmethod
    def written(ms):
        moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03}Z"

    def markup(self):
        """Sound HTML, as programs write it."""
        parts = []
        for _ in range(self.random.randrange(5)):
            url, quote = self.url(), self.random.choice("\"'")
            parts.append(self.random.choice([
                "plain words &amp; <b>more</b>",
                f"<a href={quote}{url}?a=1&amp;b=2{quote} rel={quote}nofollow{quote}>x</a>",
                f"<A HREF={quote} {url} {quote}>x</A>",
                f"<a href={quote}/relative{quote}>x</a>",
                f"<a href={quote}mailto:jo@corp.example{quote}>x</a>",
                f"<a href={quote}//{self.host()}/y{quote}>x</a>",
                f"<img src={quote}{url}{quote} alt={quote}y{quote}>",
                f"<video poster={quote}{url}{quote}></video>",
                "<audio></audio>", "<iframe></iframe>",
                f"<a href={quote}https:{self.host()}{quote}>x</a>" if self.maybe(0.1) else "",
                f"see https://{self.random.choice(['docs.example', 'wiki.corp.example'])}/z.",
            ]))
        return "<p>" + " ".join(parts) + "</p>"

    def hashtag(self):
        name = self.random.choice(TAGS)
        return {"type": self.random.choice(["Hashtag", "as:Hashtag", ["Hashtag", "x:Tag"]]),
                "name": name if self.maybe(0.2) else "#" + name, "href": self.url()}

    def mention(self):
        host = self.host()
        if self.maybe(0.03):
            return {"type": "Mention", "name": "@bo"}
        if self.maybe(0.2) and "[" not in host:
            return {"type": "Mention", "name": self.random.choice(["@bo@", "bo@"]) + host}
        return {"type": "Mention", "name": "@bo", "href": self.url(host)}

    def tag(self):
        return self.random.choice([
            self.hashtag, self.hashtag, self.mention, self.mention,
            lambda: {"type": "Link", "href": self.url()},
            lambda: {"type": "Emoji", "name": ":x:"}, lambda: "loose"])()

    def reader(self):
        return self.random.choice([AS + "Public", "as:Public", "Public",
                                   "https://blog.corp.example/f", "https://social.acme.example/f"])

    def address(self, level):
        if self.maybe(0.8):
            level["to"] = self.some(3, self.reader)
        if self.maybe(0.5):
            level["cc"] = self.some(3, self.reader)

    def file(self):
        found = self.random.choice(FILES)
        found = dict(found) if isinstance(found, dict) else found
        if isinstance(found, dict) and self.maybe():
            found["href" if "Link" in str(found["type"]) else "url"] = self.url()
        return found

    def texts(self, thing, key):
        if self.maybe(0.7):
            thing[key] = self.markup()
        if self.maybe(0.4):
            thing[key + "Map"] = {self.random.choice(LANGUAGES):
                                  thing.get(key) if self.maybe() and key in thing
                                  else self.markup()}

    def language(self):
        found = self.random.choice(LANGUAGES)
        return {"identifier": found, "name": "x"} if self.maybe() else found

    def thing(self, host):
        """What an activity is about: on that host."""
        kind = self.random.choice(OBJECTS)
        thing = {"id": self.url(host),
                 "type": kind if self.maybe(0.8) else [kind, "x:Kind"]}
        if self.maybe(0.1):
            del thing["type"]
        self.address(thing)
        for key, chance, make in (
                ("published", 0.6, self.date),
                ("sensitive", 0.5, lambda: self.random.choice([True, False, None])),
                ("tag", 0.7, lambda: self.some(5, self.tag)),
                ("attachment", 0.6, lambda: self.some(4, self.file)),
                ("inReplyTo", 0.5, self.answered),
                ("language", 0.2, self.language), ("inLanguage", 0.2, self.language),
                ("image", 0.1, lambda: {"type": "Image"}), ("url", 0.5, self.page),
                ("quoteUrl", 0.1, self.url), ("_misskey_quote", 0.1, self.url)):
            if self.maybe(chance):
                thing[key] = make()
        self.texts(thing, "content")
        self.texts(thing, "summary")
        return {key: value for key, value in thing.items()
                if value is not None or key in ("inReplyTo", "sensitive")}

    def answered(self):
        return self.random.choice([None, "", self.url(), [self.url()], {"id": self.url()}])

    def page(self):
        return self.random.choice([
            self.url(), [self.url(), {"type": "Link", "href": self.url(), "mediaType": "video/mp4"}],
            {"type": "Link", "href": self.url(), "mediaType": "text/html"}])

    def activity(self, host, kind=None, inner=None):
        activity = {"id": self.url(host), "type": kind or self.random.choice(["Create", "Update"]),
                    "actor": f"https://{host}/u/jo"}
        if self.maybe(0.1):
            activity["actor"] = {"type": "Person", "id": activity["actor"]}
        if self.maybe(0.3):
            activity["@context"] = self.random.choice([
                AS[:-1], [AS[:-1], {"@language": self.random.choice(LANGUAGES)}]])
        self.address(activity)
        for key, chance, make in (("published", 0.4, self.date),
                                  ("tag", 0.2, lambda: self.some(3, self.tag)),
                                  ("signature", 0.3, lambda: {"type": "RsaSignature2017"}),
                                  ("proof", 0.2, lambda: {"type": "DataIntegrityProof"})):
            if self.maybe(chance):
                activity[key] = make()
        activity["object"] = inner or self.thing(host)
        return {key: value for key, value in activity.items() if value is not None}

    def any_activity(self):
        host = self.host()
        shape = self.random.randrange(10)
        if shape == 0:
            return self.activity(host, "Announce", self.url())
        if shape == 1:
            return self.activity(host, "Announce", self.thing(self.host()))
        if shape == 2:
            return self.activity(host, "Announce", self.activity(self.host()))
        if shape == 3:
            return self.activity(host, "Delete", self.random.choice([
                self.url(host), {"id": self.url(host), "type": "Tombstone"}]))
        if shape == 4:
            return self.activity(host, "Undo", self.activity(host, "Announce", self.url()))
        return self.activity(host)

    def question(self):
        activity = self.any_activity()
        known = {name: zone for name, zone in HOSTS.items() if zone}
        around = Around(zones=known, now=NOW, size=self.random.choice([0, self.random.randrange(70000)]),
                        software=self.random.choice(PROGRAMS))
        for key in ("consent", "bot", "indexable"):
            setattr(around, key, self.random.choice([None, True, False]))
        announced = several(activity["object"])
        if activity["type"] == "Announce" and isinstance(announced[0], str) and self.maybe():
            thing = self.thing(announced[0].split("/")[2])
            around.fetched = thing | {"id": announced[0], "type": thing.get("type", "Note")}
            if "Tombstone" in str(around.fetched["type"]):
                around.fetched = None
        return activity, around
