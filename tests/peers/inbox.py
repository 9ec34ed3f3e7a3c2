"""What a peer does with an activity that reached its inbox: believe it or not, keep it or not.

It believes the signer about the signer's own doings, and a valid proof about the author's. An
Announce it believes only so far as to fetch the object from where its id points.
"""

from peers.wire import PUBLIC, id_of


class Inbox:
    """The posts of others that a peer holds, by object id, what it learned about its relay, and
    who follows it: actor -> the Follow."""

    def __init__(self, fetch, answer_follow):
        self.posts = {}
        self.followed = None
        self.followers = {}
        self._announced = {}
        self._fetch = fetch
        self._answer_follow = answer_follow

    async def take(self, activity, signer, proof_ok):
        """Acts on the activity; answers (what was done, object id)."""
        actor, object_id = id_of(activity.get("actor")), id_of(activity.get("object"))
        kind = activity.get("type")
        if actor != signer and not proof_ok:
            return "ignored: neither signed nor proved by its actor", object_id
        handler = {
            "Accept": self._accept,
            "Reject": self._reject,
            "Follow": self._follow,
            "Create": self._store,
            "Update": self._store,
            "Delete": self._delete,
            "Announce": self._announce,
            "Undo": self._undo,
        }.get(kind)
        if handler is None:
            return f"ignored: {kind}", object_id
        return await handler(activity, actor, object_id), object_id

    async def _accept(self, activity, actor, object_id):
        return self._decided("accepted", actor, object_id)

    async def _reject(self, activity, actor, object_id):
        return self._decided("rejected", actor, object_id)

    def _decided(self, state, actor, object_id):
        if not self.followed or self.followed["id"] != object_id:
            return f"ignored: {state} a Follow that is not ours"
        if self.followed["actor"] != actor:
            return f"ignored: {state} by somebody we did not ask"
        self.followed["state"] = state
        return state

    async def _follow(self, activity, actor, object_id):
        answer = await self._answer_follow(activity, actor)
        if answer == "Accept":
            self.followers[actor] = activity
        return f"answered: {answer}"

    async def _store(self, activity, actor, object_id):
        post = activity.get("object")
        if not isinstance(post, dict) or id_of(post.get("attributedTo")) not in (None, actor):
            return "ignored: not the actor's own post"
        updated = object_id in self.posts
        self.posts[object_id] = post
        return "updated" if updated else "stored"

    async def _delete(self, activity, actor, object_id):
        post = self.posts.get(object_id)
        if post is None:
            return "ignored: nothing of that id here"
        if id_of(post.get("attributedTo")) != actor:
            return "ignored: not the actor's to delete"
        del self.posts[object_id]
        return "deleted"

    async def _announce(self, activity, actor, object_id):
        self._announced[activity.get("id")] = (actor, object_id)
        try:
            post = await self._fetch(object_id)
        except Exception as error:  # whatever the network does, it becomes one word in a record
            return f"not fetched: {error}"
        if post.get("id") != object_id or PUBLIC not in _list(post.get("to")):
            return "ignored: what was fetched is not that public post"
        self.posts[object_id] = post
        return "fetched"

    async def _undo(self, activity, actor, object_id):
        if self.followers.get(actor, {}).get("id") == object_id:
            del self.followers[actor]
            return "unfollowed"
        announcer, post_id = self._announced.get(object_id, (None, None))
        if announcer != actor:
            return "ignored: nothing of the actor's to undo"
        del self._announced[object_id]
        self.posts.pop(post_id, None)
        return "withdrawn"


def _list(value):
    return value if isinstance(value, list) else [value]
