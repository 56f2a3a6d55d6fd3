import assert from "node:assert/strict";
import type { Rule } from "policy-list/policy";
import { hashToken } from "../../src/store/secrets.ts";
import * as policy from "../../src/web/access-token-policy.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { dpopProof, newClientKey } from "../helpers/id-jag.ts";
import { type RevokingOrg, startRevokingOrg } from "../helpers/revocation.ts";
import { type Customer, newCustomer } from "./customer.ts";

type Row = Record<string, unknown>;
/** A fault in the database that only one rule sees: nothing else that revokes access has run. */
interface Fault {
  table: string;
  /** The columns that say whose rows change. */
  whose: (customer: Customer, token: string) => Row;
  change: Row;
}

const ofToken = (_: Customer, token: string) => ({ token_hash: hashToken(token) });
const ofPerson = ({ grace }: Customer) => ({ id: grace.id });
const ofConnection = ({ connection }: Customer) => ({ id: connection.id });
const ofAgent = ({ agent }: Customer) => ({ client_id: agent.clientId });

const faults: Record<string, Fault> = {
  "token-expiry": { table: "access_tokens", whose: ofToken, change: { expires_at: 1 } },
  "token-resource": {
    table: "access_tokens",
    whose: ofToken,
    change: { resources: "https://other.example" },
  },
  "connection-active": { table: "connections", whose: ofConnection, change: { status: "disabled" } },
  "connection-lets-agents-in": {
    table: "connections",
    whose: ofConnection,
    change: { settings: JSON.stringify({ crossAppAccess: false }) },
  },
  "agent-registered": { table: "agents", whose: ofAgent, change: { revoked_at: 1 } },
  "agent-not-blocked": { table: "tenant_agents", whose: ofAgent, change: { blocked_at: 1 } },
  "grant-not-revoked": { table: "agent_grants", whose: ofAgent, change: { revoked_at: 1 } },
  "person-active": { table: "users", whose: ofPerson, change: { active: false } },
  "person-not-blocked": { table: "users", whose: ofPerson, change: { blocked: true } },
  "access-current": { table: "access_tokens", whose: ofToken, change: { access_epoch: 99 } },
  "role-kept": { table: "access_tokens", whose: ofToken, change: { role: "admin" } },
  "scope-granted": { table: "access_tokens", whose: ofToken, change: { scopes: "tasks.write" } },
};
const lists = Object.values(policy).filter((value) => Array.isArray(value)) as Rule<never>[][];

describe("the rules of a call with an access token", () => {
  onOneDatabase((use) => {
    let org: RevokingOrg;
    let app: TestApp;
    let acme: Customer;
    before(async () => {
      org = await startRevokingOrg();
      app = await startTestApp(use().database, { insecureAllowPrivateNetwork: true });
      acme = await newCustomer({ database: use().database, app, org });
    });
    after(async () => {
      await app.close();
      await org.close();
    });

    /** Runs `work` while the rows have the fault. */
    async function during({ table, whose, change }: Fault, token: string, work: () => Promise<void>) {
      const rows = () => use().database.sql()(table).where(whose(acme, token));
      const before: Row = await rows().first(Object.keys(change));
      assert.notDeepEqual(before, change);
      await rows().update(change);
      try {
        await work();
      } finally {
        await rows().update(before);
      }
    }

    const call = (headers: Record<string, string>) => app.client().send("GET", "/api/v1/tasks", headers);
    const ruleOfLastRefusal = () =>
      app.logged.findLast(({ event }) => event === "access_token.refused")?.rule;

    /** The call succeeds only without the rule. */
    async function assertHeldBy(rule: string, headers: () => Promise<Record<string, string>>) {
      const refused = await call(await headers());
      assert.ok([401, 403].includes(refused.status), refused.text);
      assert.equal(ruleOfLastRefusal(), rule);
      const had = lists.map((rules) => [...rules]);
      for (const rules of lists) rules.splice(0, Infinity, ...rules.filter(({ id }) => id !== rule));
      try {
        const open = await call(await headers());
        assert.equal(open.status, 200, open.text);
      } finally {
        for (const [index, rules] of lists.entries()) rules.splice(0, Infinity, ...(had[index] ?? []));
      }
    }

    it("are all here", () => {
      const ids = policy.callPolicy.map(({ id }) => id);
      assert.deepEqual([...Object.keys(faults), "token-scheme", "call-proof"].sort(), ids.sort());
    });

    for (const [rule, fault] of Object.entries(faults))
      it(`${rule} alone refuses the call`, async () => {
        const token = await acme.token();
        assert.equal((await call({ authorization: `Bearer ${token}` })).status, 200);
        await during(fault, token, () =>
          assertHeldBy(rule, () => Promise.resolve({ authorization: `Bearer ${token}` })),
        );
      });

    it("token-scheme alone refuses a bearer token that comes as a bound one", async () => {
      const headers = { authorization: `DPoP ${await acme.token()}` };
      await assertHeldBy("token-scheme", () => Promise.resolve(headers));
    });

    it("call-proof alone refuses a call with another key's proof", async () => {
      const token = await acme.token();
      const [key, url] = [await newClientKey(), `${app.url}/api/v1/tasks`];
      const bound: Fault = { table: "access_tokens", whose: ofToken, change: { key_thumbprint: "another" } };
      await during(bound, token, () =>
        assertHeldBy("call-proof", async () => ({
          authorization: `DPoP ${token}`,
          dpop: await dpopProof(key, { htm: "GET", htu: url, ath: hashToken(token) }),
        })),
      );
    });
  });
});
