// Asks a FHIR server as an application in Node would, with fhir-kit-client: one search, every page of it.
// It prints one JSON document and nothing else: the resources of all entries in the order they came, or, where the
// server refused, {"status": 403, "answer": ...} with exit code 1. The bearer token comes in the environment
// (FHIR_TOKEN), where a list of processes does not show it. It may not repeat, mend or drop what the server said.

import { Client } from "fhir-kit-client";

const USAGE = "usage: FHIR_TOKEN=... node query.mjs BASE RESOURCE_TYPE [QUERY]";

function parameters(query) {
  const values = {};
  for (const [name, value] of new URLSearchParams(query)) {
    (values[name] ??= []).push(value);
  }
  return values;
}

async function everyPage(client, resourceType, query) {
  const resources = [];
  let bundle = await client.search({ resourceType, searchParams: parameters(query) });
  while (bundle) {
    resources.push(...(bundle.entry ?? []).map((entry) => entry.resource));
    bundle = await client.nextPage({ bundle });
  }
  return resources;
}

async function main([base, resourceType, query = ""]) {
  if (!base || !resourceType) {
    console.error(USAGE);
    return 2;
  }
  const client = new Client({ baseUrl: base, bearerToken: process.env.FHIR_TOKEN });
  try {
    console.log(JSON.stringify(await everyPage(client, resourceType, query)));
    return 0;
  } catch (error) {
    if (!error.response) throw error;
    console.log(JSON.stringify({ status: error.response.status, answer: error.response.data }));
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
