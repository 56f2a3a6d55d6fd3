import assert from "node:assert/strict";
import type { Rule } from "policy-list/policy";
import * as policy from "../../src/cross-app-access/policy.ts";
import * as endpoint from "../../src/oauth/policy.ts";
import type { Answer } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useAgentSite } from "../helpers/id-jag.ts";
import { acceptedRequests } from "./accepted-requests.ts";
import { hostileAssertions } from "./hostile-assertions.ts";
import { hostileClients } from "./hostile-clients.ts";
import { hostilePeople } from "./hostile-people.ts";
import type { HostileRequest } from "./hostile-table.ts";
import { type HostileWorld, startHostileWorld } from "./hostile-world.ts";
import { malformedRequests } from "./malformed-requests.ts";

const corpus = [...hostileAssertions, ...hostileClients, ...hostilePeople];
/** The lists that the routes apply, and those that documents read. */
const lists = [...Object.values(policy), ...Object.values(endpoint)].filter((value) =>
  Array.isArray(value),
) as Rule<never>[][];
/** Rules whose loss gives no token either, and why. */
const withoutWay: Record<string, string> = {
  "client-known": "an unknown client has no key, no tenant and no scopes",
  "client-grant": "an agent has neither a code nor a refresh token",
  "assertion-given": "no assertion names neither an org nor a person",
  "assertion-readable": "without an issuer there is no connection to look for",
  "issuer-connected": "the search for the connection found none, so the next rule finds none either",
  "client-of-tenant": "the search for the connection left none, so the next rule finds none either",
  "tenant-named": "the search for the connection left none, so the next rule finds none either",
  "subject-named": "without the person's name there is no one to act for",
  "tenant-vouched": "no connection is left, which connection-clear refuses, too",
  "person-admitted": "the directory finds or creates the person, and refuses by an error",
};
const statusOf: Record<string, number> = { invalid_client: 401, temporarily_unavailable: 503 };
/** Refusals that a client must not be able to tell apart: by them it would learn of tenants or of people. */
const lookAlike = [
  [
    "an org",
    [...[...policy.connectionRules, ...policy.switchRules].map(({ id }) => id), "assertion-signature"],
  ],
  ["a person", ["agent-not-blocked", "person-admitted", "access-not-revoked"]],
  ["a client", endpoint.clientRules.map(({ id }) => id)],
] as const;

describe("hostile token requests", () => {
  onOneDatabase((use) => {
    const site = useAgentSite(use);
    let world: HostileWorld;
    before(async () => {
      world = await startHostileWorld(site(), use().database);
    });
    after(() => world.close());
    // One address sends more than it may in a minute.
    beforeEach(async () => {
      await use().database.sql()("rate_limits").where("key", "like", "token-%").delete();
    });

    /** Runs `work` and reads the log of its requests. */
    async function watched(work: () => Promise<Answer>): Promise<Watched> {
      const logs = [world.app.logged, world.strictApp.logged];
      const from = logs.map(({ length }) => length);
      const answer = await work();
      const lines = logs.flatMap((log, index) => log.slice(from[index]));
      const refused = lines.findLast(({ event }) => event === "cross_app_access.refused");
      const issued = lines.filter(({ event }) => event === "cross_app_access.issued").length;
      const isDirectory = /"sign-in refused: /.test(
        JSON.stringify(lines.filter(({ event }) => event === "request.failed")),
      );
      return { answer, rule: refused?.rule ?? (isDirectory ? "directory" : null), issued };
    }

    /** The rows that a refusal must not change. */
    async function rows(): Promise<{ tokens: number; people: number[] }> {
      const count = async (table: string) => (await use().database.sql()(table)).length;
      const people = await Promise.all(["users", "identities", "role_grants"].map(count));
      return { tokens: await count("access_tokens"), people };
    }

    it("are a corpus that breaks every rule, under different names", () => {
      const broken = new Set(corpus.map(({ rule }) => rule));
      assert.deepEqual([...broken].sort(), policy.tokenPolicy.map(({ id }) => id).sort());
      assert.equal(new Set(corpus.map(({ name }) => name)).size, corpus.length);
    });

    it("get a token by the loss of any one rule, but of those without which no token has an owner", () => {
      const holding = new Set(
        corpus.filter(({ otherwise }) => otherwise === "nothing").map(({ rule }) => rule),
      );
      const others = policy.tokenPolicy.map(({ id }) => id).filter((id) => !holding.has(id));
      assert.deepEqual(others.sort(), Object.keys(withoutWay).sort());
    });

    for (const request of corpus) {
      const { name, rule, error, otherwise, send } = request;
      it(`${name}: ${rule} refuses it by ${error}, and without that rule ${otherwise} does`, async () => {
        const before = await rows();
        const refused = await watched(() => send(world));
        assert.equal(refused.rule, rule, refused.answer.text);
        assertRefusal(refused.answer, request, world);
        // Some send a good request first.
        assert.deepEqual(await rows(), { ...before, tokens: before.tokens + refused.issued });

        const open = await without(rule, () => watched(() => send(world)));
        assert.equal(outcomeOf(open), otherwise, open.answer.text);
      });
    }

    for (const [about, rules] of lookAlike) {
      it(`say nothing about ${about}: all such refusals are the same`, async () => {
        const texts = new Set<string>();
        for (const { send } of rules.flatMap((id) => corpus.filter(({ rule }) => rule === id).slice(0, 4)))
          texts.add((await send(world)).text);
        assert.equal(texts.size, 1, [...texts].join("\n"));
      });
    }

    for (const [name, status, send] of malformedRequests) {
      it(`${name}: ${status}, and no token`, async () => {
        const before = await rows();
        const { answer, issued } = await watched(() => send(world));
        assert.deepEqual([answer.status, issued], [status, 0], answer.text);
        assert.deepEqual(await rows(), before);
      });
    }

    for (const { name, scope, send } of acceptedRequests) {
      it(`are not: ${name}`, async () => {
        const answer = await send(world);
        assert.equal(answer.status, 200, answer.text);
        assert.equal(JSON.parse(answer.text).scope, scope);
      });
    }

    it("leave neither assertions nor secrets nor tokens in the log", () => {
      const text = JSON.stringify([world.app.logged, world.strictApp.logged]);
      assert.match(text, /cross_app_access\.issued/);
      assert.doesNotMatch(text, /eyJ[\w-]+\.eyJ|oinat_|oinagent_/);
    });
  });
});

interface Watched {
  answer: Answer;
  /** The rule that refused the last request, or "directory" if that did without a rule; null if none did. */
  rule: unknown;
  issued: number;
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

function assertRefusal(answer: Answer, { error }: HostileRequest, world: HostileWorld): void {
  assert.equal(answer.status, statusOf[error] ?? 400, answer.text);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  const body = JSON.parse(answer.text) as Record<string, string>;
  assert.deepEqual(Object.keys(body), ["error", "error_description"]);
  assert.equal(body.error, error);
  for (const secret of namesIn(world)) assert.ok(!answer.text.includes(secret), `${secret}: ${answer.text}`);
}

/** Names that an answer must not contain. */
function namesIn(world: HostileWorld): string[] {
  const { acme, bravo, connection, other, orgs, org, agent } = world;
  const tenants = [acme, bravo].flatMap(({ tenant }) => [tenant.slug, tenant.name, tenant.id]);
  const hosts = [org, ...Object.values(orgs)].map(({ issuer }) => issuer);
  const keys = [
    connection.key,
    other.key,
    world.saml.key, // SAML
  ];
  return [...tenants, ...hosts, ...keys, agent.secret, "acme.example", "00u"];
}

/** The outcome of a request without its rule, in the words of the table. */
function outcomeOf({ answer, rule }: Watched): unknown {
  if (answer.status === 200) return "nothing";
  const others: Record<number, string> = { 415: "the parser", 500: "a later step" };
  return rule ?? others[answer.status];
}
