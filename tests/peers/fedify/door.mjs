// The listening half of a Fedify peer: node:http on one side, Fedify's fetch on the other.
// May not know: activities.

import { createServer } from "node:http";

export class Door {
  constructor(listen, federation, recorder, written, page) {
    const colon = listen.lastIndexOf(":");
    this.host = listen.slice(0, colon);
    this.port = Number(listen.slice(colon + 1));
    this.origin = `http://${listen}`;
    this.federation = federation;
    this.recorder = recorder;
    this.written = written;
    this.page = page;
  }

  open() {
    this.server = createServer((request, response) => this.#answer(request, response));
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(this.port, this.host, () => resolve({}));
    });
  }

  // The port and every connection: whoever calls now is refused.
  close() {
    return new Promise((resolve) => {
      this.server.close(() => resolve({}));
      this.server.closeAllConnections();
    });
  }

  async #answer(incoming, outgoing) {
    try {
      const chunks = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const { status, headers, body } = await this.#handle(incoming, Buffer.concat(chunks));
      outgoing.writeHead(status, headers).end(body);
    } catch (error) {
      outgoing.writeHead(500).end(`${error.message}\n`);
    }
  }

  async #handle(incoming, body) {
    const record = this.recorder.arrived(incoming, body);
    const request = new Request(this.origin + incoming.url, {
      method: incoming.method,
      headers: record.headers,
      body: body.length > 0 ? body : undefined,
    });
    if (incoming.method === "POST") await this.recorder.judge(record, request, body);
    const response = await this.#respond(incoming, request);
    const answer = Buffer.from(await response.arrayBuffer());
    this.recorder.finish(record, response.status);
    return { status: response.status, headers: Object.fromEntries(response.headers), body: answer };
  }

  async #respond(incoming, request) {
    if (incoming.url === "/") return html(home(this.page()));
    if (incoming.url === "/records") {
      const lines = this.recorder.lines.map((line) => `${JSON.stringify(line)}\n`);
      return new Response(lines.join(""), { headers: { "Content-Type": "text/plain" } });
    }
    const id = this.origin + incoming.url;
    if (this.written.has(id) && this.written.get(id) === null) {
      return new Response("deleted", { status: 410 });
    }
    return await this.federation.fetch(request, { contextData: undefined });
  }
}

function html(body) {
  return new Response(body, { headers: { "Content-Type": "text/html; charset=utf-8" } });
}

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text) => `${text}`.replace(/[&<>"]/g, (letter) => escapes[letter]);

function home({ kind, origin, relay, written, posts }) {
  const own = [...written.values()].filter(Boolean).map((post) => `<li>${escape(post.name)}`);
  const held = [...posts.values()].map((post) => `<li>${escape(post.text)}`);
  return `<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=5>
<title>${escape(kind)}</title>
<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}</style>
<h1>The ${escape(kind)} at ${escape(origin)}</h1>
<p>This one stands on Fedify. Membership of the relay:
<b>${escape(relay?.state ?? "not asked")}</b>.
<h2>Written here</h2><ul>${own.join("") || "<li>nothing yet"}</ul>
<h2>Held from others</h2><ul>${held.join("") || "<li>nothing yet"}</ul>
<p><a href=/records>every record</a>`;
}
