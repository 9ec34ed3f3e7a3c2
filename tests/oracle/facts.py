"""The facts of an activity, read slowly and plainly: what weir-policy(7) says of each, and nothing of
how Weir reads them. Sound documents only; what strangers get wrong has tests of its own.

    facts(activity, Around(zones={"a.example": "internal"}, now=...))  ->  {"type": ["Create"], ...}

A fact that is missing is not in it. Texts are lists, without an order. `cut` names those of which
not all can be known: a link or a mention that does not say for sure which host is meant.
"""

import dataclasses
import datetime
import html.parser
import re
import urllib.parse

AS = "https://www.w3.org/ns/activitystreams#"
PUBLIC = {AS + "Public", "as:Public", "as:public", "Public"}
ACTIVITIES = {"Create", "Update", "Delete", "Undo", "Announce", "Move", "Add", "Remove", "Like",
              "Dislike", "Follow", "Accept", "Reject", "Block"}


@dataclasses.dataclass
class Around:
    """What is known beside the activity itself."""
    zones: dict = dataclasses.field(default_factory=dict)  # host: name of its zone
    now: int = 0                                            # milliseconds
    size: int = 0
    software: str = ""
    consent: bool = None
    bot: bool = None
    indexable: bool = None
    fetched: dict = None                                    # what was announced by its id alone


def several(value):
    """ActivityPub writes a list of one as that one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def bare(name):
    for prefix in (AS, "as:"):
        if name.startswith(prefix):
            return name[len(prefix):]
    return name


def types(thing):
    return [bare(name) for name in several(thing.get("type"))] if isinstance(thing, dict) else []


def is_activity(thing):
    return bool(set(types(thing)) & ACTIVITIES) or thing.get("object") is not None


def levels(outermost):
    """It, what it embeds, what that embeds."""
    while isinstance(outermost, dict):
        yield outermost
        inner = several(outermost.get("object"))
        outermost = inner[0] if len(inner) == 1 else None


def the_object(activity, fetched):
    if fetched is not None:
        return fetched
    inside = list(levels(activity))[1:]
    return next((level for level in inside if not is_activity(level)), None)


def fold(text):
    """Without case, letter by letter, where that takes as many bytes and depends on no language."""
    def letter(c):
        if c == "ς":
            return "σ"
        low = c.lower()
        one = len(low) == 1 and len(low.encode()) == len(c.encode())
        return low if one and ord(c) < 0x530 else c
    return "".join(letter(c) for c in text)


def host_of(url):
    """`host`, or `host:port` where that is not the scheme's; None if it has none."""
    parts = urllib.parse.urlsplit(url)
    if not parts.hostname:
        return None
    name = parts.hostname.encode("idna").decode() if "[" not in parts.netloc else f"[{parts.hostname}]"
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return name if parts.port in (None, usual) else f"{name}:{parts.port}"


def name_of(host):
    return re.sub(r":[0-9]+$", "", host)


def visibility(activity, fetched):
    """Each level says who may see it; the narrowest counts."""
    said = []
    for level in levels(fetched if fetched is not None else activity):
        if level.get("to") is None and level.get("cc") is None:
            continue
        to, cc = (any(name in PUBLIC for name in several(level.get(key)) if isinstance(name, str))
                  for key in ("to", "cc"))
        said.append(0 if to else 1 if cc else 2)
    return [None, "public", "unlisted", None][max(said) + 1 if said else 0]


def languages(activity, thing, fetched):
    said = []
    for key in ("contentMap", "nameMap", "summaryMap"):
        said += list((thing or {}).get(key) or {})
    for key in ("language", "inLanguage"):
        for value in several((thing or {}).get(key)):
            said.append(value["identifier"] if isinstance(value, dict) else value)
    for level in levels(fetched if fetched is not None else activity):
        said += [part["@language"] for part in several(level.get("@context"))
                 if isinstance(part, dict) and "@language" in part]
    found = set()
    for tag in said:
        if tag.lower() != "und":
            found |= {fold(tag), fold(tag.split("-")[0])}
    return found


class Markup(html.parser.HTMLParser):
    """The links and the media of a text."""
    URLS = {"href", "src", "poster", "data", "action", "formaction", "cite", "background"}
    MEDIA = {"img": "image", "picture": "image", "svg": "image", "video": "video", "audio": "audio",
             "embed": "other", "object": "other", "iframe": "other"}

    def __init__(self, text):
        super().__init__()
        self.urls, self.media = set(), set()
        self.feed(text)
        self.close()
        for found in re.finditer(r"https?://[A-Za-z0-9.\-]*[A-Za-z0-9](:[0-9]+)?", text):
            self.urls.add(found.group())

    def handle_starttag(self, tag, attrs):
        if tag in self.MEDIA:
            self.media.add(self.MEDIA[tag])
        for name, value in attrs:
            if name in self.URLS and value:
                self.urls.add(value.strip())


def kind_of_file(attached):
    """image, video ... of something attached; None if it is no file."""
    if isinstance(attached, str):
        return "other"
    if not isinstance(attached, dict):
        return None
    main = attached.get("mediaType", "").split("/")[0].lower()
    if main in ("image", "video", "audio"):
        return main
    for name in ("Image", "Video", "Audio", "Document"):
        if name in types(attached):
            return name.lower()
    if set(types(attached)) & {"Link", "PropertyValue"}:
        return None
    return "document" if main else "other"


def texts(thing, *keys):
    for key in keys:
        if isinstance(thing.get(key), str):
            yield thing[key]
        for text in (thing.get(key + "Map") or {}).values():
            yield text


def media(thing):
    found = {kind_of_file(attached) for attached in several(thing.get("attachment"))}
    found |= {name.lower() for name in types(thing) if name in ("Image", "Video", "Audio", "Document")}
    for link in several(thing.get("url")):
        main = link.get("mediaType", "").split("/")[0] if isinstance(link, dict) else ""
        found |= {main} & {"image", "video", "audio"}
    if several(thing.get("image")):
        found.add("image")
    for text in texts(thing, "content"):
        found |= Markup(text).media
    return found - {None}


def links(thing, author):
    """The hosts, and whether there may be others."""
    urls = set()
    for key in ("url", "quote", "quoteUrl", "quoteUri", "_misskey_quote"):
        for value in several(thing.get(key)):
            urls.add(value.get("href", "") if isinstance(value, dict) else value)
    for listed in several(thing.get("attachment")) + several(thing.get("tag")):
        if "Link" in types(listed):
            urls |= {value for key in ("href", "url") for value in several(listed.get(key))}
        if "PropertyValue" in types(listed):
            urls |= Markup(listed.get("value", "")).urls
    for text in texts(thing, "content", "summary"):
        urls |= Markup(text).urls
    own, found = host_of(author), set()
    for host in {host_of(url) for url in urls if "//" in url} - {None, own}:
        found |= {host} | ({name_of(host)} - {name_of(own)})
    return found, any(re.match("https?:[^/]", url) for url in urls)


def mentions(activity, fetched, zones):
    """The zones, and whether there may be others."""
    found, unknown = set(), False
    for level in levels(fetched if fetched is not None else activity):
        for tag in several(level.get("tag")):
            if "Mention" not in types(tag):
                continue
            host = host_of(tag["href"]) if tag.get("href") else \
                tag["name"].removeprefix("@").partition("@")[2].lower()
            if host:
                found.add(zones.get(host, "other"))
            unknown = unknown or not host
    return found, unknown


def tags(activity, fetched):
    found = set()
    for level in levels(fetched if fetched is not None else activity):
        for tag in several(level.get("tag")):
            if "Hashtag" in types(tag):
                found.add(fold(tag["name"].removeprefix("#")))
    return found - {""}


def proofs(activity, fetched):
    found = set()
    if fetched is None:
        if (activity.get("signature") or {}).get("type") == "RsaSignature2017":
            found.add("ld-signature")
        if activity.get("proof"):
            found.add("fep-8b32")
    return found or {"none"}


def age(activity, thing, now):
    for said in ((thing or {}).get("published"), activity.get("published")):
        if said and now:
            moment = datetime.datetime.fromisoformat(said.replace("Z", "+00:00"))
            return max(0, (now - int(moment.timestamp() * 1000)) // 1000)
    return None


def reply_to(thing, zones):
    answered = several(thing.get("inReplyTo"))
    if not answered or not answered[0]:
        return "none"
    url = answered[0]["id"] if isinstance(answered[0], dict) else answered[0]
    return zones.get(host_of(url), "other")


def facts(activity, around):
    """All that are known, by name."""
    thing = the_object(activity, around.fetched)
    actor = several(activity["actor"])[0]
    actor = actor["id"] if isinstance(actor, dict) else actor
    mentioned, more_mentions = mentions(activity, around.fetched, around.zones)
    linked, more_links = links(thing or {}, actor)
    known = {
        "type": {next((t for t in types(activity) if t in ACTIVITIES), types(activity)[0])},
        "tags": tags(activity, around.fetched),
        "author": {actor},
        "author_host": {host_of(actor)},
        "consent": around.consent,
        "bot": around.bot,
        "indexable": around.indexable,
        "size": around.size or None,
        "mentions": mentioned,
        "proof": proofs(activity, around.fetched),
        "age": age(activity, thing, around.now),
        "language": languages(activity, thing, around.fetched) or None,
        "software": {fold(around.software)} if around.software else None,
    }
    seen_by = visibility(activity, around.fetched)
    known["visibility"] = {seen_by} if seen_by else None
    if thing is not None:
        known |= {
            "object": set(types(thing)) or None,
            "attachments": len([a for a in several(thing.get("attachment"))
                                if kind_of_file(a)]),
            "media": media(thing),
            "sensitive": thing.get("sensitive"),
            "reply_to": {reply_to(thing, around.zones)},
            "links": linked,
        }
    known["cut"] = {name for name, more in (("links", more_links), ("mentions", more_mentions))
                    if more}
    return {name: sorted(value) if isinstance(value, set) else value
            for name, value in known.items() if value is not None}
