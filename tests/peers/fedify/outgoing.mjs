// What a Fedify peer sends: each POST as it left, with the scheme of its signature and the answer.
// Fedify may knock twice: with one scheme, and with the other where the first was refused.
// May not know: why something is sent.

import { createHash } from "node:crypto";

export class Outgoing {
  knocks = [];
  #deaf = { scheme: null, times: 0 };

  // Stands before the fetch that everything in this program uses.
  constructor() {
    const real = globalThis.fetch;
    globalThis.fetch = async (input, init) => {
      const request = new Request(input, init);
      if (request.method !== "POST") return await real(input, init);
      return await this.#post(request, real);
    };
  }

  // The next so many POSTs of this scheme are answered 401 before they leave: what Fedify meets at
  // a server that does not know the scheme.
  deafen(scheme, times) {
    this.#deaf = { scheme, times };
  }

  async #post(request, real) {
    const body = Buffer.from(await request.clone().arrayBuffer());
    const knock = {
      scheme: request.headers.has("signature-input") ? "rfc9421" : "cavage",
      sha256: createHash("sha256").update(body).digest("hex"),
      body: body.toString("utf-8"),
      left: !this.#isDeafTo(request),
    };
    this.knocks.push(knock);
    const response = knock.left ? await real(request) : new Response(null, { status: 401 });
    knock.status = response.status;
    return response;
  }

  #isDeafTo(request) {
    const scheme = request.headers.has("signature-input") ? "rfc9421" : "cavage";
    if (scheme !== this.#deaf.scheme || this.#deaf.times === 0) return false;
    this.#deaf.times--;
    return true;
  }
}
