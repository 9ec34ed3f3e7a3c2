// Signing and verifying with libraries that we did not write: what they say, under one shape.
//
// A request is { method, url, headers: [[name, value]], body }. A signer answers the headers it
// leaves it with; a verifier answers true, or anything else, or throws. Both are told the scheme
// and one key as PEM. `fields` are the components in the names of the library.
//
// Of these, http-signature and http-message-signatures never look at the digest: a caller who
// wants the body vouched for asks for the digest among `fields`, and compares it itself.
//
// May not know: who asks.

import { createRequire } from "node:module";
import { createPublicKey } from "node:crypto";
import { join, resolve } from "node:path";

const require = createRequire(join(resolve(process.env.WEIR_NODE_DIR), "libraries.js"));
const fedify = require("@fedify/fedify");
const { CryptographicKey } = require("@fedify/fedify/vocab");
const { cavage, createSigner, createVerifier, httpbis } = require("http-message-signatures");
const httpSignature = require("http-signature");

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const ALGORITHM = "rsa-v1_5-sha256";
const MESSAGES = { cavage, rfc9421: httpbis };
const SPECS = { cavage: "draft-cavage-http-signatures-12", rfc9421: "rfc9421" };

export const signers = {
  async fedify(request, { scheme, pem, key_id, fields, params = {} }) {
    const key = await crypto.subtle.importKey("pkcs8", der(pem), RSA, true, ["sign"]);
    const rfc9421 = { ...params };
    if (fields) rfc9421.components = fields.map((value) => ({ value, params: {} }));
    const signed = await fedify.signRequest(webRequest(request), key, new URL(key_id), {
      spec: SPECS[scheme],
      rfc9421,
    });
    return [...signed.headers];
  },

  async "http-message-signatures"(request, { scheme, pem, key_id, fields, params, values }) {
    const message = await MESSAGES[scheme].signMessage(
      {
        key: createSigner(pem, ALGORITHM, key_id),
        name: "sig1",
        fields,
        params: params ?? (scheme === "cavage" ? ["keyid", "alg"] : ["created", "keyid", "alg"]),
        paramValues: values === undefined ? undefined : dates(values),
      },
      { ...request, headers: Object.fromEntries(request.headers) },
    );
    return Object.entries(message.headers);
  },

  async "http-signature"(request, { pem, key_id, fields, header = "Signature" }) {
    const headers = new Map(request.headers.map(([name, value]) => [name.toLowerCase(), value]));
    const outgoing = {
      method: request.method,
      path: target(request),
      getHeader: (name) => headers.get(name.toLowerCase()),
      setHeader: (name, value) => headers.set(name.toLowerCase(), value),
    };
    httpSignature.sign(outgoing, {
      key: pem, keyId: key_id, headers: fields, authorizationHeaderName: header,
    });
    return [...headers];
  },
};

export const verifiers = {
  async fedify(request, { scheme, pem, key_id, owner }) {
    const key = new CryptographicKey({
      id: new URL(key_id),
      owner: new URL(owner),
      publicKey: await crypto.subtle.importKey("spki", spki(pem), RSA, true, ["verify"]),
    });
    const found = await fedify.verifyRequest(webRequest(request), {
      spec: SPECS[scheme],
      keyCache: { get: async () => key, set: async () => {} },
    });
    return found !== null;
  },

  async "http-message-signatures"(request, { scheme, pem, fields }) {
    return await MESSAGES[scheme].verifyMessage(
      {
        keyLookup: async ({ keyid }) => ({
          id: keyid, algs: [ALGORITHM], verify: createVerifier(pem, ALGORITHM),
        }),
        // For draft-cavage this library looks for required fields among the wrong names.
        requiredFields: scheme === "rfc9421" ? fields : [],
        requiredParams: scheme === "rfc9421" ? ["created", "keyid"] : [],
      },
      { ...request, headers: Object.fromEntries(request.headers) },
    );
  },

  async "http-signature"(request, { pem, fields }) {
    const headers = request.headers.map(([name, value]) => [name.toLowerCase(), value]);
    const incoming = {
      method: request.method, url: target(request), headers: Object.fromEntries(headers),
    };
    const options = { strict: true, headers: fields };
    return httpSignature.verifySignature(httpSignature.parseRequest(incoming, options), pem);
  },
};

function webRequest({ method, url, headers, body }) {
  return new Request(url, { method, headers, body: method === "GET" ? undefined : body });
}

function target({ url }) {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

function dates(values) {
  const date = (value) => (typeof value === "number" ? new Date(value * 1000) : value);
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, date(value)]));
}

function der(pem) {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
}

function spki(pem) {
  return createPublicKey(pem).export({ type: "spki", format: "der" });
}
