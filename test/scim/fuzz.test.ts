import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { onEachDatabase } from "../helpers/databases.ts";
import { malformedRequests, type RawRequest } from "../helpers/malformed.ts";
import { oktaUser } from "../helpers/scim.ts";
import { useScim } from "../helpers/scim-site.ts";

const count = 3_000;
/** Another seed makes other requests: FUZZ_SEED=2 npx mocha test/scim/fuzz.test.ts */
const seed = Number(process.env.FUZZ_SEED ?? 1);
const atOnce = 8;

interface RawAnswer {
  status: number;
  type: string;
  text: string;
}

/** Sends the bytes unchanged; fetch would repair the path and refuse the headers. */
function sendRaw(url: string, agent: Agent, authorization: string, raw: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const { method, path, body } = raw;
  const length = body ? { "content-length": String(body.length) } : {};
  const headers = { authorization, ...raw.headers, ...length };
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, agent, method, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", text }),
      );
    });
    call.on("error", reject);
    call.end(body ?? undefined);
  });
}

/** The fault of an answer; null if it has none. */
function faultOf({ method }: RawRequest, { status, type, text }: RawAnswer): string | null {
  if (status >= 500) return "a fault of the server";
  if (/html/i.test(type) || /<html|<!doctype/i.test(text)) return "HTML";
  if (status < 400 || method === "HEAD") return null;
  if (!type.startsWith("application/scim+json")) return `an error as "${type}"`;
  const body = JSON.parse(text) as { schemas?: string[]; status?: string; detail?: string };
  const isError = body.schemas?.[0] === "urn:ietf:params:scim:api:messages:2.0:Error";
  return isError && body.status === String(status) && body.detail ? null : "not a SCIM error";
}

describe("malformed requests", () => {
  onEachDatabase((use) => {
    const site = useScim(use);

    it(`get an answer, ${count} times: never 5xx, never HTML, and a SCIM error for each refusal`, async function () {
      this.timeout(180_000);
      const { app } = site();
      const { client } = await site().tenant();
      const { id } = (await client.send("POST", "/Users", oktaUser("known@acme.example"))).body;
      const queue = malformedRequests(seed, count, id).entries();
      const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
      const url = app.url.replace("localhost", "127.0.0.1");
      const faults: string[] = [];
      const statuses = new Map<number, number>();
      const work = async () => {
        for (const [index, raw] of queue) {
          const answer = await sendRaw(url, agent, client.authorization, raw);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          const fault = faultOf(raw, answer);
          const shown = `${raw.method} ${raw.path} ${JSON.stringify(raw.headers)} ${raw.body}`.slice(0, 600);
          if (fault)
            faults.push(`${index}: ${fault}: ${answer.status} ${answer.text.slice(0, 300)} to ${shown}`);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      agent.destroy();
      const causes = app.logged
        .filter(({ event }) => event === "scim.failed")
        .map(({ err }) => JSON.stringify(err).slice(0, 400));
      assert.deepEqual([faults.slice(0, 5), [...new Set(causes)].slice(0, 5)], [[], []]);
      // The requests have to reach every kind of answer, or they test nothing.
      for (const status of [200, 201, 204, 400, 401, 404, 405, 409, 415])
        assert.ok((statuses.get(status) ?? 0) > 0, `some ${status}: ${JSON.stringify([...statuses])}`);
      assert.equal((await client.get("/Users?count=1")).status, 200);
      assert.equal((await client.send("POST", "/Users", oktaUser("after@acme.example"))).status, 201);
    });
  });
});
