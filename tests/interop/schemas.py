"""What the specifications say of discovery documents, as JSON Schemas (PROTOCOL 4.2, 4.3)."""

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_URL = {"type": "string", "pattern": "^https?://[^\\s]+$"}


def _strict(required, optional=None):
    """An object with exactly these members."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": sorted(required),
        "additionalProperties": False,
    }


def _list_of(item, least=0):
    return {"type": "array", "items": item, "minItems": least, "uniqueItems": True}


def nodeinfo(version):
    """The NodeInfo document itself; 2.1 may name a repository and a home page, 2.0 must not."""
    pages = {"repository": _TEXT, "homepage": _TEXT} if version == "2.1" else {}
    users = _strict({}, {name: _COUNT for name in ("total", "activeHalfyear", "activeMonth")})
    return _strict({
        "version": {"const": version},
        "software": _strict({"name": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                             "version": _TEXT}, pages),
        "protocols": _list_of({"enum": ["activitypub"]}, 1),
        "services": _strict({"inbound": _list_of(_TEXT), "outbound": _list_of(_TEXT)}),
        "openRegistrations": {"type": "boolean"},
        "usage": _strict({"users": users}, {"localPosts": _COUNT, "localComments": _COUNT}),
        "metadata": {"type": "object"},
    })


NODEINFO_LINKS = _strict({
    "links": _list_of(_strict({"rel": _URL, "href": _URL}), 1),
})

# RFC 7033 section 4.4. A subject is optional there; servers of posts all ask for it.
_LINK = _strict(
    {"rel": _TEXT},
    {
        "type": {"type": "string", "pattern": "^[a-z]+/[^\\s]+$"},
        "href": _URL,
        "titles": {"type": "object", "additionalProperties": _TEXT},
        "properties": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
    },
)
JRD = _strict(
    {"subject": {"type": "string", "pattern": "^(acct:[^@\\s]+@[^@\\s]+|https?://[^\\s]+)$"}},
    {
        "aliases": _list_of({"type": "string", "pattern": "^[a-z][a-z0-9+.-]*:[^\\s]+$"}),
        "properties": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
        "links": _list_of(_LINK),
    },
)
