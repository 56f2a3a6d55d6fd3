import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Rule } from "policy-list/policy";
import * as policy from "../../src/shared-signals/policy.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { hostileRequests } from "./hostile-requests.ts";
import { hostileSets } from "./hostile-sets.ts";
import type { HostilePush } from "./hostile-table.ts";
import { type HostileSignals, startHostileSignals } from "./hostile-world.ts";
import { useSignalSite } from "./world.ts";

const corpus = [...hostileRequests, ...hostileSets];
/** The lists that the routes apply, and the one that documents read. */
const lists = Object.values(policy).filter((value) => Array.isArray(value)) as Rule<never>[][];

describe("hostile security events", () => {
  onOneDatabase((use, engine) => {
    const site = useSignalSite(use);
    let world: HostileSignals;
    let session: Client;
    before(async () => {
      world = await startHostileSignals(site(), use());
      session = await world.session();
    });
    after(() => world.close());

    /** The rows and the session that a refusal leaves as they are. */
    async function effects() {
      const count = async (table: string) => (await use().database.sql()(table)).length;
      const stream = await world.stream();
      const signedIn = (await session.get("/me")).status;
      return { events: await count("received_signals"), activity: await count("activity"), stream, signedIn };
    }

    /** Sends, and returns the answer with the rule that refused it; null if none did. */
    async function watched(send: HostilePush["send"]): Promise<{ answer: Answer; rule: unknown }> {
      const { logged } = world.app;
      const from = logged.length;
      const answer = await send(world);
      const refused = logged.slice(from).findLast(({ event }) => event === "shared_signals.refused");
      return { answer, rule: refused?.rule ?? null };
    }

    it("are at least 40, break every rule, and have different names", () => {
      const broken = new Set(corpus.map(({ rule }) => rule));
      assert.deepEqual([...broken].sort(), policy.signalPolicy.map(({ id }) => id).sort());
      assert.ok(corpus.length >= 40);
      assert.equal(new Set(corpus.map(({ name }) => name)).size, corpus.length);
      const passing = new Set(
        corpus.filter(({ otherwise }) => otherwise === "nothing").map(({ rule }) => rule),
      );
      const others = [...broken].filter((rule) => !passing.has(rule));
      assert.deepEqual(others, ["stream-set-up"], "without an audience, no SET can be for us");
    });

    for (const push of corpus) {
      const { name, rule, status, err, send } = push;
      const otherwise = (engine === "PostgreSQL" && push.onPostgres) || push.otherwise;
      it(`${name}: ${rule} answers ${status} ${err ?? ""}, and without that rule ${otherwise} does`, async () => {
        const before = await effects();
        const refused = await watched(send);
        assert.equal(refused.rule, rule, refused.answer.text);
        assertRefusal(refused.answer, push);
        assert.deepEqual(await effects(), before);

        const open = await without(rule, () => watched(send));
        assert.equal(outcomeOf(open), otherwise, open.answer.text);
        // That may have signed her out, and changed the stream.
        session = await world.session();
        await world.acme.store.signalStreams.update(before.stream.id, { status: "enabled" });
      });
    }

    const limits: [name: string, status: number, send: HostilePush["send"]][] = [
      ["a body of a megabyte", 413, ({ push }) => push("x".repeat(1_000_000))],
      ["a body of 65 kB", 413, ({ push }) => push("x".repeat(66_000))],
      [
        "a small body that unpacks to a megabyte",
        413,
        ({ app, path }) =>
          fetchAnswer(app.url + path, {
            method: "POST",
            headers: { ...sent, "content-encoding": "gzip" },
            body: gzipSync("x".repeat(1_000_000)),
          }),
      ],
      ["an unknown encoding", 415, ({ push }) => push("x", { "content-encoding": "zip" })],
      ["GET", 405, ({ app, path }) => app.client().get(path)],
      ["PUT", 405, ({ app, path }) => app.client().send("PUT", path, sent, "x")],
      ["a connection with a NUL", 404, ({ push }) => push("x", {}, { path: "/shared-signals/a%00" })],
    ];
    for (const [name, status, send] of limits) {
      it(`${name}: ${status}, and nothing changes`, async () => {
        const before = await effects();
        assert.equal((await send(world)).status, status);
        assert.deepEqual(await effects(), before);
      });
    }

    it("leave neither SETs nor headers in the log", () => {
      const text = JSON.stringify(world.app.logged);
      assert.match(text, /shared_signals\.refused/);
      assert.doesNotMatch(text, /eyJ[\w-]+\.eyJ|a-header-of-our-choice/);
    });

    it("get 429 and Retry-After above the rate limit", async () => {
      const sql = use().database.sql();
      await sql("rate_limits").where("key", "like", "shared-signals:%").update({ points: 1_200 });
      const answer = await world.push(await world.set());
      assert.equal(answer.status, 429);
      assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/);
    });
  });
});

const sent = {
  authorization: "Bearer a-header-of-our-choice",
  "content-type": "application/secevent+jwt",
};

async function fetchAnswer(url: string, init: RequestInit): Promise<Answer> {
  const answer = await fetch(url, init);
  return { status: answer.status, headers: answer.headers, text: await answer.text() } as Answer;
}

/** Runs `work` while a rule is out of every list. */
async function without<T>(ruleId: string, work: () => Promise<T>): Promise<T> {
  const had = lists.map((rules) => [...rules]);
  for (const rules of lists) rules.splice(0, Infinity, ...rules.filter(({ id }) => id !== ruleId));
  try {
    return await work();
  } finally {
    for (const [index, rules] of lists.entries()) rules.splice(0, Infinity, ...(had[index] ?? []));
  }
}

/** RFC 8935 §2.3: a JSON object with a code and a description, in a language that is named. */
function assertRefusal({ status, headers, text }: Answer, wanted: HostilePush): void {
  assert.equal(status, wanted.status, text);
  if (wanted.err === null) {
    assert.equal(text, "");
    assert.match(headers.get("retry-after") ?? "", /^\d+$/);
    return;
  }
  assert.match(headers.get("content-type") ?? "", /^application\/json\b/);
  assert.equal(headers.get("content-language"), "en");
  const rule = policy.signalPolicy.find(({ id }) => id === wanted.rule);
  assert.deepEqual(JSON.parse(text), { err: wanted.err, description: rule?.name });
}

/** The outcome of a push without its rule, in the words of the table. */
function outcomeOf({ answer, rule }: { answer: Answer; rule: unknown }): unknown {
  if (answer.status === 202) return "nothing";
  return rule ?? (answer.status === 500 ? "a later step" : answer.status);
}
