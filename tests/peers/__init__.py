"""A small ActivityPub server for tests and for the demo. It shares no code with Weir.

`peers.peer.Peer` is the server; `peers.town.Town` runs several of them beside a plain test;
`python3 tests/peers/peer.py` is the same server as a program. README.md has the commands.
"""
