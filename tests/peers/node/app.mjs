// An app that people launch, as one in Node is written with fhirclient (SMART App Launch): it leaves for the
// authorization server at /launch, comes back at /callback, and then asks with what it was given. It prints "ready"
// when it listens and answers with JSON: what the client made of the server's answers, and nothing mended.
// Started as: node app.mjs PORT ISS CLIENT_ID SCOPE; it ends when its standard input does.

import http from "node:http";
import smart from "fhirclient";

const [port, iss, clientId, scope] = process.argv.slice(2);
const kept = new Map();
const storage = {
  get: async (key) => kept.get(key),
  set: async (key, value) => (kept.set(key, value), value),
  unset: async (key) => kept.delete(key),
};
let client;

async function told(call) {
  try {
    return { answer: await call() };
  } catch (error) {
    return { refused: error.statusCode ?? error.status ?? String(error) };
  }
}

const routes = {
  "/launch": async (request, response) => {
    const given = new URL(request.url, `http://127.0.0.1:${port}`).searchParams;
    const options = { clientId, scope, redirectUri: `http://127.0.0.1:${port}/callback`, pkceMode: "required" };
    if (!given.has("launch")) options.iss = iss;
    await smart(request, response, storage).authorize(options);
  },
  "/callback": async (request, response) => {
    client = await smart(request, response, storage).ready();
    return { patient: client.patient.id, user: client.getFhirUser(), scope: client.getState("tokenResponse.scope") };
  },
  "/ask": async (request) => {
    const query = new URL(request.url, "http://x").searchParams.get("for");
    return told(() => client.request(query, { pageLimit: 0, flat: true }));
  },
  "/refresh": async () => told(async () => (await client.refresh()).tokenResponse.scope),
};

process.stdin.resume().on("end", () => process.exit(0));

http
  .createServer(async (request, response) => {
    try {
      const answer = await routes[request.url.split("?")[0]](request, response);
      if (!response.headersSent) response.setHeader("Content-Type", "application/json").end(JSON.stringify(answer));
    } catch (error) {
      if (!response.headersSent) response.writeHead(500).end(String(error.stack ?? error));
    }
  })
  .listen(Number(port), "127.0.0.1", () => console.log("ready"));
