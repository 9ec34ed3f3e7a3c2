"""What a peer shows to people: a page with its own posts and with what has reached it."""

import html
import json
import time


_FORM = """<form method=post action=/write><p>
<input name=title placeholder=Title required> <input name=text placeholder=Text required>
<input name=tags placeholder="Tags, such as partners">
<label><input type=checkbox name=proof checked> with the author's proof</label>
<button>Publish</button></form>"""


def home(peer, now):
    own = "".join(
        f"<li>{_title(document['object'])} <small>{html.escape(document['type'])}</small></li>"
        for document in peer.sent_activities
        if isinstance(document.get("object"), dict)
    )
    held = "".join(f"<li>{_title(post)}</li>" for post in peer.inbox.posts.values())
    rows = "".join(_row(record) for record in reversed(peer.records.all[-60:]) if "body" in record
                   and record["method"] == "POST")
    state = (peer.inbox.followed or {}).get("state", "not asked to join")
    return (
        "<!doctype html><meta charset=utf-8>"
        f"<title>{html.escape(peer.kind)} at {peer.host}</title>"
        "<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
        "td{padding:.1em .8em .1em 0;vertical-align:top}</style>"
        f"<h1>The {html.escape(peer.kind)} at {peer.host}</h1>"
        f"<p>Membership of the relay: <b>{html.escape(state)}</b>. "
        f"Seen {time.strftime('%H:%M:%S', time.localtime(now))}.</p>"
        f"{_FORM if peer.inbox.followed else ''}"
        f"<h2>Written here</h2><ul>{own or '<li>nothing yet'}</ul>"
        f"<h2>Held from others</h2><ul>{held or '<li>nothing yet'}</ul>"
        "<h2>Arrived</h2><table><tr><th>what<th>by<th>HTTP signature<th>author's proof"
        f"<th>then{rows}</table><p><a href=/records>every record</a></p>"
    )


def records(all_records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in all_records)


def _title(post):
    return html.escape(str(post.get("name") or post.get("content") or post.get("id")))


def _row(record):
    activity = record.get("activity", {})
    cells = (
        activity.get("type"),
        activity.get("actor"),
        record.get("signature", {}).get("verdict"),
        record.get("proof", {}).get("verdict"),
        record.get("did"),
    )
    return "<tr>" + "".join(f"<td>{html.escape(str(cell))}" for cell in cells)
