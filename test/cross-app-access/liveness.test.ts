import assert from "node:assert/strict";
import { changeSettings, enableConnection } from "../../src/directory/connections.ts";
import { deleteTenant } from "../../src/directory/tenants.ts";
import type { OidcSettings } from "../../src/model.ts";
import { agentStore } from "../../src/store/agents.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { formOn, submit } from "../helpers/forms.ts";
import type { assertRedirect } from "../helpers/pages.ts";
import { type RevokingOrg, revocationToken, startRevokingOrg } from "../helpers/revocation.ts";
import { plantSession } from "../helpers/site.ts";
import { type Customer, callApi, callMcp, newCustomer } from "./customer.ts";

const sessionSecret = "the tests' own: 0123456789 abcdefghijklmnopqrstuvwxyz";

/** An end of access. After some, a new ID-JAG brings a new token: the org still lets the agent in. */
interface End {
  name: string;
  laterToken: "refused" | "issued";
  happen(customer: Customer): Promise<unknown>;
  /** Takes the end back: the token stays dead all the same. Absent where that is not possible. */
  undo?(customer: Customer): Promise<unknown>;
}

describe("an access token", () => {
  onEachDatabase((use) => {
    let org: RevokingOrg;
    let replicas: [TestApp, TestApp];
    before(async () => {
      org = await startRevokingOrg();
      const options = { insecureAllowPrivateNetwork: true, sessionSecret };
      const first = await startTestApp(use().database, options);
      const second = await startTestApp(use().openAnother(), { ...options, baseUrl: first.url });
      replicas = [first, second];
    });
    after(async () => {
      for (const replica of replicas) await replica.close();
      await org.close();
    });

    const app = () => replicas[0];
    const customer = () => newCustomer({ database: use().database, app: app(), org });
    /** The status of a call to the API and to the MCP server, on each replica. */
    async function calls(token: string): Promise<number[]> {
      const answers = replicas.flatMap((replica) => [
        callApi(replica, token),
        callMcp(replica, token, { method: "tools/list" }),
      ]);
      return (await Promise.all(answers)).map(({ status }) => status);
    }
    const alive = [200, 200, 200, 200];
    const dead = [401, 401, 401, 401];

    const active = (value: boolean) => (to: Customer) =>
      to.scim.patch(`/Users/${to.grace.id}`, { op: "replace", value: { active: value } });
    const onPerson = (action: string, entered?: Record<string, string>) => async (to: Customer) =>
      done(await submit(to.owner, `/admin/people/${to.grace.id}`, `/${action}`, entered));
    const done = (answer: Parameters<typeof assertRedirect>[0]) =>
      assert.equal(answer.status, 303, answer.text);
    const settings = (more: Partial<OidcSettings>) => (to: Customer) =>
      changeSettings(to.store, to.connection.id, { ...to.settings, ...more });
    const onConnection = (action: string) => async (to: Customer) =>
      done(await submit(to.owner, `/admin/connections/${to.connection.id}`, `/${action}`));
    const letIn = (value: string) => async (to: Customer) =>
      done(await submit(to.owner, "/admin/agents", `/${to.connection.id}/agents`, { letIn: value }));
    const onAgent = (action: string) => async (to: Customer) =>
      done(await submit(to.owner, `/admin/agents/${encodeURIComponent(to.agent.clientId)}`, `/${action}`));

    async function universalLogout(to: Customer) {
      const token = await revocationToken(org, to.settings.clientId, `${app().url}/global-token-revocation`);
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      const body = JSON.stringify({ sub_id: { format: "iss_sub", iss: org.issuer, sub: "00u-grace" } });
      const answer = await app().client().send("POST", "/global-token-revocation", headers, body);
      assert.equal(answer.status, 204);
      assert.equal((await to.store.users.byId(to.grace.id))?.active, true);
    }
    const byGrace = (action: string) => async (to: Customer) => {
      const client = app().client();
      client.cookies.set("session", await plantSession(use(), to.tenant, await current(to)));
      done(await formOn(await client.get("/account"), `/${action}`).send(client));
    };
    const current = async (to: Customer) => (await to.store.users.byId(to.grace.id)) ?? assert.fail();

    const ends: readonly End[] = [
      {
        name: "deactivation by SCIM",
        laterToken: "refused",
        happen: async (to) => assert.equal((await active(false)(to)).status, 200),
        undo: active(true),
      },
      {
        name: "deletion by SCIM",
        laterToken: "refused",
        happen: async (to) =>
          assert.equal((await to.scim.send("DELETE", `/Users/${to.grace.id}`)).status, 204),
      },
      {
        name: "a block in the console",
        laterToken: "refused",
        happen: onPerson("block"),
        undo: onPerson("unblock"),
      },
      {
        name: "a sign-out in the console",
        laterToken: "issued",
        happen: async (to) => {
          await plantSession(use(), to.tenant, await current(to));
          await onPerson("sign-out")(to);
        },
      },
      { name: "Universal Logout", laterToken: "issued", happen: universalLogout },
      {
        name: "the connection switched off",
        laterToken: "refused",
        happen: onConnection("disable"),
        undo: (to) => enableConnection(to.store, to.connection.id),
      },
      {
        name: "agents kept out of the connection",
        laterToken: "refused",
        happen: letIn("off"),
        undo: letIn("on"),
      },
      {
        name: "the connection led to another org",
        laterToken: "refused",
        happen: settings({ issuer: "https://other.okta.example" }),
        undo: settings({}),
      },
      {
        name: "the connection deleted",
        laterToken: "refused",
        happen: (to) => to.store.connections.remove(to.connection.id),
      },
      {
        name: "the agent blocked in the console",
        laterToken: "refused",
        happen: onAgent("block"),
        undo: onAgent("unblock"),
      },
      { name: "the agent revoked in the console", laterToken: "refused", happen: onAgent("revoke") },
      {
        name: "the agent revoked by the operator",
        laterToken: "refused",
        happen: (to) => agentStore(use().database).revoke(to.agent.clientId),
      },
      {
        name: "the person's revocation",
        laterToken: "refused",
        happen: byGrace("agents/revoke"),
        undo: byGrace("agents/allow"),
      },
      {
        name: "the tenant deleted",
        laterToken: "refused",
        happen: (to) => deleteTenant(use().database, to.tenant),
      },
    ];

    for (const { name, laterToken, happen, undo } of ends) {
      it(`is refused at the next call after ${name}, by the API and MCP, on both replicas`, async () => {
        const [one, other] = [await customer(), await customer()];
        const [token, witness] = [await one.token(), await other.token()];
        assert.deepEqual(await calls(token), alive);
        await happen(one);
        assert.deepEqual(await calls(token), dead);
        assert.deepEqual(await calls(witness), alive);
        const later = await one.exchange(replicas[1], await one.assertion());
        assert.equal(later.status === 200 ? "issued" : "refused", laterToken, later.text);
        if (!undo) return;
        await undo(one);
        assert.deepEqual(await calls(token), dead, "the token came back to life");
      });
    }

    it("is refused at the next call after its person has lost the role that they had when it was issued", async () => {
      const one = await customer();
      await one.store.roles.grant(one.grace.id, "admin");
      const token = await one.token();
      assert.deepEqual(await calls(token), alive);
      await onPerson("role", { role: "member" })(one);
      assert.deepEqual(await calls(token), dead);
      assert.deepEqual(await calls(await one.token()), alive);
    });

    it("is issued once for an ID-JAG for MCP, of many at the same time on both replicas", async () => {
      const one = await customer();
      const assertion = await one.assertion();
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) => one.exchange(replicas[index % 2] as TestApp, assertion)),
      );
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400, 400, 400, 400, 400, 400]);
      for (const replica of replicas) {
        const late = await one.exchange(replica, assertion);
        assert.deepEqual([late.status, JSON.parse(late.text).error], [400, "invalid_grant"]);
      }
    });

    it("is issued for each use of an ID-JAG for the API, on both replicas", async () => {
      const one = await customer();
      const assertion = await one.assertion([`${app().url}/api/v1`]);
      const answers = await Promise.all(replicas.map((replica) => one.exchange(replica, assertion)));
      const tokens = answers.map(({ text }) => JSON.parse(text).access_token as string);
      assert.equal(new Set(tokens).size, 2);
      for (const token of tokens)
        assert.deepEqual(await calls(token), [200, 401, 200, 401], "it is for the API alone");
    });
  });
});
