// Questions to libraries that we did not write: one JSON command a line in, one answer a line out.
//
//   WEIR_NODE_DIR=build/interop node tests/interop/ask.mjs
//
// May not know: Weir, or what the right answer is.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { join, resolve } from "node:path";
import { writeSync } from "node:fs";
import { signers, verifiers } from "./libraries.mjs";

const require = createRequire(join(resolve(process.env.WEIR_NODE_DIR), "ask.js"));
const fedify = require("@fedify/fedify");
const vocab = require("@fedify/fedify/vocab");
const { lookupWebFinger } = require("@fedify/webfinger");

const documentLoader = fedify.getDocumentLoader({ allowPrivateAddress: true });
const loaders = { documentLoader, contextLoader: documentLoader, allowPrivateAddress: true };

// What Fedify understands of an actor.
async function described(actor) {
  const keys = [];
  for await (const key of actor.getPublicKeys(loaders)) {
    keys.push({
      id: key.id.href,
      owner: key.ownerId.href,
      algorithm: key.publicKey.algorithm.name,
      bits: key.publicKey.algorithm.modulusLength,
      spki: await exported("spki", key.publicKey),
    });
  }
  const methods = [];
  for await (const method of actor.getAssertionMethods(loaders)) {
    methods.push({
      id: method.id.href,
      controller: method.controllerId.href,
      algorithm: method.publicKey.algorithm.name,
      raw: await exported("raw", method.publicKey),
    });
  }
  return {
    type: actor.constructor.name,
    id: actor.id.href,
    name: actor.preferredUsername,
    inbox: actor.inboxId.href,
    sharedInbox: actor.endpoints.sharedInbox.href,
    outbox: actor.outboxId.href,
    followers: actor.followersId.href,
    following: actor.followingId.href,
    manuallyApprovesFollowers: actor.manuallyApprovesFollowers,
    keys,
    methods,
  };
}

async function exported(format, key) {
  return Buffer.from(await crypto.subtle.exportKey(format, key)).toString("base64");
}

const commands = {
  async actor({ what }) {
    const found = await vocab.lookupObject(what, loaders);
    return { found: found === null ? null : await described(found) };
  },
  async collection({ url }) {
    const found = await vocab.lookupObject(url, loaders);
    return { type: found.constructor.name, total: found.totalItems };
  },
  async webfinger({ resource }) {
    return { found: await lookupWebFinger(resource, loaders) };
  },
  // Read, not fetched: Fedify's client for these has no word for private addresses.
  async nodeinfo({ json }) {
    return { found: fedify.parseNodeInfo(json) };
  },
  // An activity as Fedify's vocabulary reads it.
  async activity({ json }) {
    const read = await vocab.Activity.fromJsonLd(json, loaders);
    const { id, actorId, objectId, toIds, ccIds } = read;
    return {
      type: read.constructor.name,
      id: id.href,
      actor: actorId.href,
      object: objectId.href,
      to: toIds.map((url) => url.href),
      cc: ccIds.map((url) => url.href),
      published: `${read.published}`,
    };
  },
  // The two proofs that an activity can carry, each looked at alone.
  async proofs({ json }) {
    const proved = fedify.detachSignature(json);
    const proof = await fedify.verifyObject(vocab.Activity, proved, loaders).catch(() => null);
    return {
      proof: json.proof !== undefined && proof !== null,
      signature: await fedify.verifyJsonLd(json, loaders).catch(() => false),
    };
  },
  // A JSON-LD context out of those that Fedify carries along; nothing is fetched for it.
  async context({ url }) {
    return { document: (await documentLoader(url)).document };
  },
  async sign({ library, request, ...how }) {
    return { headers: await signers[library](request, how) };
  },
  async verify({ library, request, ...how }) {
    try {
      return { verified: (await verifiers[library](request, how)) === true };
    } catch (error) {
      return { verified: false, why: error.message };
    }
  },
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

const say = (answer) => writeSync(1, `${JSON.stringify(answer)}\n`);
say({ ready: "ask" });
for await (const line of createInterface({ input: process.stdin })) say(await run(line));
process.exit(0);
