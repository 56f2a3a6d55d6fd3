import { Agent, fetch, request } from "undici";
import { createConnection } from "../../../src/directory/connections.ts";
import { samlUrls } from "../../../src/endpoints.ts";
import type { SamlSettings } from "../../../src/model.ts";
import { createSigningKey } from "../../../test/helpers/certificates.ts";
import {
  deviationOf,
  type HostileResponse,
  hostileResponses,
} from "../../../test/helpers/hostile-responses.ts";
import { type Circumstances, type Deviation, samlResponse } from "../../../test/helpers/saml-response.ts";
import { atLeast, atMost, type BenchRun } from "./run.ts";
import { median } from "./statistics.ts";

/** The measured server's base URL (server.ts). */
const baseUrl = "https://acme.example";
const connectionKey = "bench-saml";
/** Closes idle connections before the server does: making responses takes a while. */
const dispatcher = new Agent({ keepAliveTimeout: 500, keepAliveMaxTimeout: 500 });
type Answer = Awaited<ReturnType<typeof request>>;
const form = { "content-type": "application/x-www-form-urlencoded" };

/** Makes responses for the connection, and posts them. */
interface Bench {
  make(deviation?: Deviation): Promise<string>;
  /**
   * Posts a response like a provider's page. `ms` does not include the time that the client needs to encode the form.
   */
  post(samlResponse: string): Promise<{ answer: Answer; ms: number }>;
}

/**
 * Measures the assertion consumer service. Compares the rate of accepted responses with node-saml's own validation in the
 * same process, and the cost of each refusal with that of an acceptance.
 */
export async function measureSaml({ sizes, world, add }: BenchRun): Promise<void> {
  const key = await createSigningKey("bench");
  const foreignKey = await createSigningKey("foreign");
  const idpEntityId = "http://www.okta.com/exkbench";
  const settings: SamlSettings = {
    idpEntityId,
    ssoUrl: "https://acme.okta.example/sso",
    certificates: [key.certificate],
    metadataUrl: null,
    appInstanceId: null,
    orgUrl: null,
  };
  await createConnection(world.database, world.tenant.id, {
    key: connectionKey,
    type: "saml",
    settings,
    justInTime: true,
    draft: false,
    secret: null,
  });
  const urls = samlUrls(baseUrl, connectionKey);
  const circumstances: Circumstances = { ...urls, idpEntityId, key, requestId: null };
  const bench = benchOf(world.server.measured, circumstances);

  const count = Math.max(10, sizes.samples);
  const ratios: number[] = [];
  const rates: number[] = [];
  const delays: number[] = [];
  for (let round = 0; round <= sizes.rounds; round++) {
    const responses = await Promise.all(Array.from({ length: count }, () => bench.make()));
    const options = { callbackUrl: urls.acsUrl, issuer: urls.entityId, idpCert: [key.certificate] };
    const nodeSaml = () => nodeSamlMs(world.server.compared, responses, options);
    const before = await nodeSaml();
    let rate = 0;
    const delay = await world.server.delayDuring(async () => {
      rate = await acceptedPerSecond(bench, responses, sizes.clients);
    });
    const after = await nodeSaml();
    if (round === 0) continue;
    rates.push(rate);
    delays.push(delay);
    // node-saml is measured before and after, because the machine may be busy with something else.
    ratios.push((rate * (before + after)) / 2 / 1000);
  }
  add("accepted ACS posts", median(rates), "/s");
  add("accepted ACS posts : node-saml's validations", median(ratios), "×", atLeast(0.7, "both"));
  add("event loop's delay meanwhile, 99th percentile", median(delays), "ms");
  add("ACS post and /finish", await signInMs(bench, world.server.measured, Math.min(20, count)), "ms");
  await measureRefusals(bench, { key, foreignKey }, Math.min(20, Math.ceil(sizes.samples / 5)), add);
}

function benchOf(origin: string, circumstances: Circumstances): Bench {
  let people = 0;
  return {
    make: (deviation = {}) => samlResponse(circumstances, `person${people++ % 50}@acme.example`, deviation),
    async post(response) {
      const body = Buffer.from(new URLSearchParams({ SAMLResponse: response }).toString());
      const started = performance.now();
      const answer = await request(`${origin}/saml/${connectionKey}/acs`, {
        method: "POST",
        headers: form,
        body,
        dispatcher,
      });
      await answer.body.arrayBuffer();
      return { answer, ms: performance.now() - started };
    },
  };
}

async function nodeSamlMs(origin: string, responses: string[], options: object): Promise<number> {
  const body = JSON.stringify({ responses, options });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${origin}/node-saml`, { method: "POST", headers, body, dispatcher });
  if (!answer.ok) throw new Error(`node-saml: ${answer.status}`);
  return (await answer.json()) as number;
}

async function acceptedPerSecond(bench: Bench, responses: string[], clients: number): Promise<number> {
  const waiting = [...responses];
  const started = performance.now();
  const work = async () => {
    for (let response = waiting.pop(); response !== undefined; response = waiting.pop()) {
      const { answer } = await bench.post(response);
      if (answer.statusCode !== 303)
        throw new Error(`a valid response was answered with ${answer.statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, work));
  return (responses.length / (performance.now() - started)) * 1000;
}

async function signInMs(bench: Bench, origin: string, count: number): Promise<number> {
  const times: number[] = [];
  for (let sample = 0; sample < count; sample++) {
    const { answer, ms } = await bench.post(await bench.make());
    const cookies = [answer.headers["set-cookie"] ?? []].flat();
    const cookie = cookies.map((line) => line.split(";")[0]).join("; ");
    const started = performance.now();
    const finished = await fetch(`${origin}${answer.headers.location}`, {
      headers: { cookie, "x-forwarded-proto": "https" },
      redirect: "manual",
      dispatcher,
    });
    if (finished.status !== 303) throw new Error(`/finish answered ${finished.status}`);
    times.push(ms + performance.now() - started);
  }
  return median(times);
}

/** Compares each kind of refusal with acceptances in between, because the machine may be busy with something else. */
async function measureRefusals(
  bench: Bench,
  keys: Parameters<typeof deviationOf>[1],
  count: number,
  add: BenchRun["add"],
): Promise<void> {
  // Skips cases that need other settings: this connection would not refuse them.
  const cases = hostileResponses.filter(({ settings }) => !settings || Object.keys(settings).length === 0);
  let dearest = { name: "", ratio: 0 };
  for (const hostile of cases) {
    const ratio = await refusalRatio(bench, hostile, deviationOf(hostile, keys), count);
    if (ratio > dearest.ratio) dearest = { name: hostile.name, ratio };
  }
  add(
    `dearest of ${cases.length} refusals (${dearest.name}) : acceptance`,
    dearest.ratio,
    "×",
    atMost(2, "both"),
  );
}

async function refusalRatio(
  bench: Bench,
  { name }: HostileResponse,
  deviation: Deviation,
  count: number,
): Promise<number> {
  const times = { refused: [] as number[], accepted: [] as number[] };
  for (let sample = 0; sample < count; sample++) {
    const refused = await bench.post(await bench.make(deviation));
    const accepted = await bench.post(await bench.make());
    const [refusal, acceptance] = [refused.answer.statusCode, accepted.answer.statusCode];
    if (refusal !== 403 || acceptance !== 303)
      throw new Error(`${name}: answered ${refusal} and ${acceptance}`);
    times.refused.push(refused.ms);
    times.accepted.push(accepted.ms);
  }
  return median(times.refused) / median(times.accepted);
}
