import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { issueAccessToken } from "../../src/directory/access-tokens.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import type { OidcSettings, User } from "../../src/model.ts";
import { apiKeyStore } from "../../src/store/api-keys.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { defaultSessionLimits } from "../../src/store/session-store.ts";
import { apiKeyRules } from "../../src/web/access-token-policy.ts";
import { isAccepted } from "../helpers/access-tokens.ts";
import { apiKeyOf } from "../helpers/api-keys.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { allScopes, registerAgent, type TestAgent } from "../helpers/id-jag.ts";
import { forgetCounts } from "../helpers/known-devices.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { comeBack, connectOrg, orgOptions } from "../helpers/org.ts";
import { createLocalAccount, createTestTenant, provisioned, testPassword } from "../helpers/people.ts";
import { giveAuthenticator } from "../helpers/second-steps.ts";
import { plantSession, sessionSecret, useSite } from "../helpers/site.ts";
import { type Change, changes, type Kind, kinds, type Someone } from "./session-changes.ts";

/** By the kind of access: whether it still works. Each is asked once. */
type Checks = Partial<Record<Kind, () => Promise<boolean>>>;

describe("the access of a person, after each change", () => {
  onEachDatabase((use) => {
    const site = useSite(use, { ...orgOptions, sessionSecret });
    let op: OpenIdProvider;
    let agent: TestAgent;
    let people = 0;
    before(async () => {
      op = await startOpenIdProvider();
      agent = await registerAgent(use());
    });
    after(() => op.close());
    beforeEach(() => forgetCounts(use().database));

    const isSignedIn = async (client: Client) => (await client.get("/me")).status === 200;

    async function personOf(
      acme: Awaited<ReturnType<typeof createTestTenant>>,
      { ofProvisioned }: Change,
    ): Promise<User> {
      const loginName = `ada@${acme.tenant.slug}.example`;
      if (!ofProvisioned) return await createLocalAccount(acme.store, loginName, "admin");
      const user = await provisionUser(acme.store, acme.writer, provisioned(loginName));
      await acme.store.roles.grant(user.id, "admin");
      return user;
    }

    /** A person with every kind of access, and the checks of it. */
    async function someone(change: Change): Promise<{ to: Someone; checks: Checks }> {
      const { database } = use();
      const { app } = site();
      const acme = await createTestTenant(database);
      const { store, tenant } = acme;
      const used = await connectOrg(op, { baseUrl: app.url, tenant: acme });
      const user = await personOf(acme, change);
      const by = await createLocalAccount(store, "owner@elsewhere.example", "owner");
      const subject = `sub-${++people}`;
      op.define({ sub: subject, email: user.loginName });
      await store.identities.add(used.id, subject, user.id);
      const domain = await addDomain(store, `${tenant.slug}.example`);
      const group = { id: `group-${people}`, displayName: "Team", sourceId: null, sourceKey: null };
      await store.groups.create(group);

      const session = async (connectionId: string | null) => {
        const client = app.client();
        client.cookies.set("session", await plantSession(use(), tenant, user, { connectionId }));
        return client;
      };
      const [own, other, bySso] = [
        await session(change.ofProvisioned ? used.id : null),
        await session(change.ofProvisioned ? used.id : null),
        await session(used.id),
      ];
      const checks: Checks = {
        "the session that acts": () => isSignedIn(own),
        "another session": () => isSignedIn(other),
        "a session by single sign-on": () => isSignedIn(bySso),
      };

      if (!change.ofProvisioned) {
        const authenticator = await giveAuthenticator(store, site().sealer, user);
        const waiting = app.client();
        assert.equal((await waiting.signIn(tenant.slug, user.loginName, testPassword)).status, 303);
        checks["a password, before its second step"] = async () => {
          await waiting.post("/login/second-step", { code: authenticator.code() });
          return await isSignedIn(waiting);
        };
      }

      const leaving = app.client();
      const left = await leaving.get(`/oidc/${used.key}/login`);
      assert.equal(left.status, 302, left.text);
      checks["single sign-on, under way"] = async () => {
        op.person = subject;
        await comeBack(app, op, leaving, left.location ?? "");
        return await isSignedIn(leaving);
      };

      const grant = { user, role: "admin", connectionId: used.id, act: null, keyThumbprint: null } as const;
      const bound = { agent, scopes: allScopes, resources: [`${app.url}/api/v1`] };
      const { token } = await issueAccessToken(store, { ...grant, ...bound }, defaultSessionLimits);
      checks["an agent's token"] = () => isAccepted(database, token);
      const { key } = await apiKeyOf(store, user);
      checks["an API key"] = async () => {
        const found = await apiKeyStore(database).find(hashToken(key));
        return (
          found !== null &&
          apiKeyRules.every((rule) => rule.holds({ token: found, now: Date.now(), acceptsApiKeys: true }))
        );
      };
      const settings = used.settings as OidcSettings;
      const by_ = { userId: by.id };
      const to = {
        ...acme,
        database,
        used,
        settings,
        user,
        subject,
        by: by_,
        groupId: group.id,
        domain,
        own,
      };
      return { to, checks };
    }

    async function fates(checks: Checks): Promise<Partial<Record<Kind, string>>> {
      const found: Partial<Record<Kind, string>> = {};
      for (const kind of kinds) {
        const check = checks[kind];
        if (check) found[kind] = (await check()) ? "goes on" : "ends";
      }
      return found;
    }
    const wanted = ({ ends }: Change, checks: Checks) =>
      Object.fromEntries(
        kinds.filter((kind) => checks[kind]).map((kind) => [kind, ends.includes(kind) ? "ends" : "goes on"]),
      );

    it("goes on without a change, of each kind", async () => {
      const nothing: Change = { name: "nothing", ends: [], why: "", happen: async () => undefined };
      for (const change of [nothing, { ...nothing, ofProvisioned: true as const }]) {
        const { checks } = await someone(change);
        assert.deepEqual(await fates(checks), wanted(change, checks));
      }
    });

    for (const { undo, ...change } of changes) {
      it(`is as the list says, after ${change.name}`, async () => {
        const { to, checks } = await someone(change);
        await change.happen(to);
        assert.deepEqual(await fates(checks), wanted(change, checks));
      });
      if (!undo) continue;

      it(`stays as it is, after that is undone: ${change.name}`, async () => {
        const { to, checks } = await someone(change);
        await change.happen(to);
        await undo(to);
        const { endsForGood: ends = change.ends } = change;
        assert.deepEqual(await fates(checks), wanted({ ...change, ends }, checks));
      });
    }
  });

  it("is documented for each change and kind, with the reason", () => {
    const page = readFileSync("docs/explanation/sessions.md", "utf8");
    for (const { name, ends, why } of changes) {
      const row = `| ${name} | ${ends.length === 0 ? "nothing" : ends.length === kinds.length ? "everything" : ends.join("; ")} | ${why} |`;
      assert.ok(page.includes(row), `docs/explanation/sessions.md needs the row\n${row}`);
    }
  });
});
