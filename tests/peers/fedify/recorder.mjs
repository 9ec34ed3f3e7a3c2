// The record of a Fedify peer: one JSON line for each request, with Fedify's own verdicts.
// May not know: what is done with an activity; it is told.

import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { join } from "node:path";

export class Recorder {
  count = 0;
  lines = [];

  // `context` makes a Fedify context; `did` maps an activity's id to what was done with it.
  constructor(directory, fedify, vocab, context, did) {
    this.path = join(directory, "record.jsonl");
    this.fedify = fedify;
    this.vocab = vocab;
    this.context = context;
    this.did = did;
    appendFileSync(this.path, "");
  }

  arrived(incoming, body) {
    const pairs = [];
    for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
      pairs.push(incoming.rawHeaders.slice(i, i + 2));
    }
    return {
      n: ++this.count,
      at: Date.now() / 1000,
      method: incoming.method,
      path: incoming.url,
      headers: pairs,
      sha256: createHash("sha256").update(body).digest("hex"),
      body: body.toString("utf-8"),
    };
  }

  // Fedify's opinion, asked for apart from its inbox, so that the record can say who signed.
  async judge(record, request, body) {
    record.signature = await this.signature(request);
    record.digest = digest(request, body);
    record.proof = { verdict: "none" };
    let json;
    try {
      json = JSON.parse(body.toString("utf-8"));
    } catch {
      return;
    }
    record.activity = {
      id: idOf(json.id), type: json.type, actor: idOf(json.actor), object: idOf(json.object),
    };
    record.proof = await this.proof(json);
  }

  async signature(request) {
    const scheme = request.headers.has("signature-input") ? "rfc9421" : "cavage";
    const { documentLoader, contextLoader } = this.context();
    const result = await this.fedify.verifyRequestDetailed(request.clone(), {
      documentLoader,
      contextLoader,
      spec: scheme === "rfc9421" ? "rfc9421" : "draft-cavage-http-signatures-12",
    });
    if (result.verified) {
      const { id, ownerId } = result.key;
      return { verdict: "ok", scheme, key_id: id?.href, signer: ownerId?.href };
    }
    const { type } = result.reason;
    return { verdict: type === "noSignature" ? "missing" : "bad", scheme, why: type };
  }

  async proof(json) {
    if (json.proof === undefined) return { verdict: "none" };
    const { documentLoader, contextLoader } = this.context();
    const method = json.proof.verificationMethod;
    // An LD signature is put on last: the proof knows nothing of it.
    const proved = this.fedify.detachSignature(json);
    try {
      const options = { documentLoader, contextLoader };
      const verified = await this.fedify.verifyObject(this.vocab.Activity, proved, options);
      return verified === null ? { verdict: "bad", method } : { verdict: "ok", method };
    } catch (error) {
      return { verdict: "bad", method, why: error.message };
    }
  }

  // Writes the record; `status` is what the peer answers.
  finish(record, status) {
    record.status = status;
    record.took_s = Date.now() / 1000 - record.at;
    if (record.method === "POST") {
      const seen = this.did.get(record.activity?.id);
      if (status >= 300) record.did = `refused: ${status}`;
      else record.did = seen ?? "ignored: Fedify did not pass it on";
      this.did.delete(record.activity?.id);
      record.object = record.activity?.object;
    } else {
      record.did = status < 300 ? "served" : "nothing there";
    }
    this.lines.push(record);
    appendFileSync(this.path, `${JSON.stringify(record)}\n`);
  }
}

function digest(request, body) {
  const expected = createHash("sha256").update(body).digest("base64");
  const given = [
    ...(request.headers.get("digest") ?? "").matchAll(/sha-256=([A-Za-z0-9+/=]+)/gi),
    ...(request.headers.get("content-digest") ?? "").matchAll(/sha-256=:([A-Za-z0-9+/=]+):/g),
  ].map((match) => match[1]);
  if (given.length === 0) return "missing";
  return given.every((value) => value === expected) ? "ok" : "mismatch";
}

function idOf(value) {
  return typeof value === "object" && value !== null ? value.id : value;
}
