// A peer that stands on Fedify: its signatures, its proofs and its verdicts are not ours.
//
//   WEIR_NODE_DIR=build/interop node tests/peers/fedify/peer.mjs --listen HOST:PORT --dir DIR
//
// `--scheme cavage|rfc9421`: how it knocks first at a server that it does not know.
// `--actor Person|Application`: what its one actor is.
// Commands on standard input, answers on standard output, record.jsonl in DIR: as README.md one
// folder up says. It ends when its input does. scripts/lib/node.sh installs what it needs.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { mkdirSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Door } from "./door.mjs";
import { Outgoing } from "./outgoing.mjs";
import { Recorder } from "./recorder.mjs";

const PUBLIC = new URL("https://www.w3.org/ns/activitystreams#Public");
const AUTHOR = { identifier: "alice" };

const { values: options } = parseArgs({
  options: {
    listen: { type: "string" },
    dir: { type: "string" },
    kind: { type: "string", default: "bookmarks" },
    scheme: { type: "string", default: "rfc9421" },
    actor: { type: "string", default: "Person" },
  },
});
const origin = `http://${options.listen}`;
mkdirSync(options.dir, { recursive: true });

const require = createRequire(join(resolve(process.env.WEIR_NODE_DIR), "peer.js"));
const fedify = require("@fedify/fedify");
const vocab = require("@fedify/fedify/vocab");
const { Temporal } = require("@js-temporal/polyfill");

const posts = new Map(); // the posts of others, by id: { author, text }
const announced = new Map(); // Announce id -> { actor, object }
const written = new Map(); // our own posts, by id: a Note, or null once it is deleted
const did = new Map(); // activity id -> what our listener did with it
let relay = null; // { actor, inbox, follow, state }
const outgoing = new Outgoing();
let counter = 0;

// --- the server, as Fedify wants it told -------------------------------------------------------

const federation = fedify.createFederation({
  kv: new fedify.MemoryKvStore(),
  allowPrivateAddress: true,
  firstKnock: options.scheme === "cavage" ? "draft-cavage-http-signatures-12" : "rfc9421",
});
const keys = [
  await fedify.generateCryptoKeyPair("RSASSA-PKCS1-v1_5"),
  await fedify.generateCryptoKeyPair("Ed25519"),
];

federation
  .setActorDispatcher("/users/{identifier}", async (context, identifier) => {
    if (identifier !== AUTHOR.identifier) return null;
    const pairs = await context.getActorKeyPairs(identifier);
    const Actor = { Person: vocab.Person, Application: vocab.Application }[options.actor];
    return new Actor({
      id: context.getActorUri(identifier),
      preferredUsername: identifier,
      name: `The ${options.kind}`,
      inbox: context.getInboxUri(identifier),
      followers: context.getFollowersUri(identifier),
      endpoints: new vocab.Endpoints({ sharedInbox: context.getInboxUri() }),
      publicKey: pairs[0].cryptographicKey,
      assertionMethods: pairs.map((pair) => pair.multikey),
    });
  })
  .setKeyPairsDispatcher(() => keys);

federation.setFollowersDispatcher("/users/{identifier}/followers", () => ({ items: [] }));

federation.setObjectDispatcher(vocab.Note, "/posts/{id}", (context, { id }) =>
  written.get(context.getObjectUri(vocab.Note, { id }).href) ?? null);

federation
  .setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .on(vocab.Activity, async (context, activity) => {
    did.set(activity.id?.href, await take(context, activity));
  });

// --- what is done with an activity that Fedify believed ----------------------------------------

async function take(context, activity) {
  const actor = activity.actorId?.href;
  const object = activity.objectId?.href;
  if (activity instanceof vocab.Accept || activity instanceof vocab.Reject) {
    if (relay === null || object !== relay.follow.id.href || actor !== relay.actor) {
      return "ignored: not about a Follow of ours";
    }
    relay.state = activity instanceof vocab.Accept ? "accepted" : "rejected";
    return relay.state;
  }
  if (activity instanceof vocab.Follow) return await acceptFollow(context, activity);
  if (activity instanceof vocab.Create || activity instanceof vocab.Update) {
    const known = posts.has(object);
    const post = await activity.getObject(context);
    posts.set(object, { author: actor, text: `${post.content ?? post.name}` });
    return known ? "updated" : "stored";
  }
  if (activity instanceof vocab.Delete) {
    if (posts.get(object)?.author !== actor) return "ignored: not the actor's to delete";
    posts.delete(object);
    return "deleted";
  }
  if (activity instanceof vocab.Announce) return await fetchAnnounced(context, activity);
  if (activity instanceof vocab.Undo) {
    if (announced.get(object)?.actor !== actor) return "ignored: nothing of the actor's to undo";
    posts.delete(announced.get(object).object);
    announced.delete(object);
    return "withdrawn";
  }
  return `ignored: ${activity.constructor.name}`;
}

async function acceptFollow(context, follow) {
  const accept = new vocab.Accept({
    id: newId("activities"),
    actor: context.getActorUri(AUTHOR.identifier),
    object: follow,
  });
  await context.sendActivity(AUTHOR, await follow.getActor(context), accept, { immediate: true });
  return "answered: Accept";
}

async function fetchAnnounced(context, activity) {
  const object = activity.objectId.href;
  announced.set(activity.id.href, { actor: activity.actorId.href, object });
  try {
    const post = await activity.getObject({
      documentLoader: await context.getDocumentLoader(AUTHOR),
      contextLoader: context.contextLoader,
    });
    if (post?.id?.href !== object) return "not fetched: another id, or nothing";
    posts.set(object, { author: post.attributionId?.href, text: `${post.content ?? post.name}` });
    return "fetched";
  } catch (error) {
    return `not fetched: ${error.message}`;
  }
}

// --- commands ----------------------------------------------------------------------------------

const context = () => federation.createContext(new URL(origin), undefined);
const newId = (room) => new URL(`${origin}/${room}/${Date.now().toString(36)}-${++counter}`);

async function send(activity) {
  const recipient = { id: new URL(relay.actor), inboxId: new URL(relay.inbox), endpoints: null };
  const sent = { id: activity.id.href, object: activity.objectId?.href };
  const before = outgoing.knocks.length;
  const answer = { status: 202, type: "", answer: "" };
  try {
    await context().sendActivity(AUTHOR, recipient, activity, { immediate: true });
  } catch (error) {
    Object.assign(answer, { status: error.statusCode ?? 0, answer: error.message });
  }
  const knocks = outgoing.knocks.slice(before);
  return { ...sent, sha256: knocks.at(-1)?.sha256, ...answer, knocks };
}

function note(id, text, title, tags) {
  return new vocab.Note({
    id: new URL(id),
    attribution: context().getActorUri(AUTHOR.identifier),
    name: title,
    content: `<p>${text}</p>`,
    to: PUBLIC,
    url: new URL(id),
    published: Temporal.Now.instant(),
    tags: tags.map((tag) =>
      new vocab.Hashtag({ name: `#${tag}`, href: new URL(`/tags/${tag}`, id) })),
  });
}

function activity(Type, object, to = PUBLIC) {
  const actor = context().getActorUri(AUTHOR.identifier);
  return new Type({ id: newId("activities"), actor, object, to });
}

// As programs on Fedify do that write their JSON themselves: what JSON-LD makes of the public
// collection then is `as:Public`, which sendActivity spells out in full.
async function sendCompact(activity) {
  const [pair] = await context().getActorKeyPairs(AUTHOR.identifier);
  const request = new Request(relay.inbox, {
    method: "POST",
    headers: { "Content-Type": "application/activity+json" },
    body: JSON.stringify(await activity.toJsonLd({ format: "compact" })),
  });
  const { status } = await fetch(await fedify.signRequest(request, pair.privateKey, pair.keyId));
  return { id: activity.id.href, object: activity.objectId.href, status, type: "", answer: "",
    knocks: outgoing.knocks.slice(-1) };
}

const commands = {
  async follow({ relay: actor, compact = false, style = "mastodon" }) {
    const loader = await context().getDocumentLoader(AUTHOR);
    const { document } = await loader(actor);
    const follow = style === "litepub"
      ? activity(vocab.Follow, new URL(actor), new URL(actor))
      : activity(vocab.Follow, PUBLIC);
    relay = { actor, inbox: document.inbox, follow, state: "asked" };
    return await (compact ? sendCompact(follow) : send(follow));
  },
  unfollow: () => send(activity(vocab.Undo, relay.follow)),
  async post({ text, title, tags = [] }) {
    const post = note(newId("posts"), text, title, tags);
    written.set(post.id.href, post);
    return await send(activity(vocab.Create, post));
  },
  // The way of relay actors: nothing but a pointer, for those who follow.
  async point({ text, title, tags = [] }) {
    const post = note(newId("posts"), text, title, tags);
    written.set(post.id.href, post);
    const followers = context().getFollowersUri(AUTHOR.identifier);
    return await send(activity(vocab.Announce, post.id, followers));
  },
  async edit({ object, text }) {
    const post = written.get(object).clone({
      content: `<p>${text}</p>`,
      updated: Temporal.Now.instant(),
    });
    written.set(object, post);
    return await send(activity(vocab.Update, post));
  },
  async remove({ object }) {
    written.set(object, null);
    return await send(activity(vocab.Delete, new vocab.Tombstone({ id: new URL(object) })));
  },
  posts: () => ({ posts: [...posts].map(([id, post]) => ({ id, ...post })) }),
  state: () => ({ state: relay?.state ?? null, received: recorder.count }),
  deafen: ({ scheme, times = 1 }) => outgoing.deafen(scheme, times),
  down: () => door.close(),
  up: () => door.open(),
};

async function run(line) {
  try {
    const { do: name, ...parameters } = JSON.parse(line);
    if (!Object.hasOwn(commands, name)) throw new Error(`no command ${name}`);
    return { ok: true, ...(await commands[name](parameters)) };
  } catch (error) {
    return { ok: false, error: `${error.name}: ${error.message}` };
  }
}

// --- the program -------------------------------------------------------------------------------

const say = (answer) => writeSync(1, `${JSON.stringify(answer)}\n`);
const recorder = new Recorder(options.dir, fedify, vocab, context, did);
const page = () => ({ kind: options.kind, origin, relay, written, posts });
const door = new Door(options.listen, federation, recorder, written, page);

await door.open();
say({ ready: options.listen });
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() !== "") say(await run(line));
}
await door.close();
process.exit(0);
