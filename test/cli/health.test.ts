import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { healthCommand } from "../../src/cli/health.ts";
import { createProvisioningClient } from "../../src/directory/provisioning-clients.ts";
import { createToken, revokeToken } from "../../src/directory/provisioning-tokens.ts";
import { recordRefusal, recordSignIn } from "../../src/directory/sign-in-activity.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import { RefusedError } from "../../src/errors.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { createSigningKey } from "../helpers/certificates.ts"; // SAML
import { runCommand } from "../helpers/cli.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, newUser, type TestTenant } from "../helpers/people.ts";
import { newGrant } from "../helpers/provisioning-grants.ts";
import { samlSettings } from "../helpers/saml-settings.ts"; // SAML

const day = 86_400_000;

interface Shown {
  slug: string;
  attention: string[];
  [field: string]: unknown;
}

describe("admin -- tenant health", () => {
  onEachDatabase((use) => {
    const run = (...words: string[]) =>
      runCommand([healthCommand], use().database, ["tenant", "health", ...words]);
    const tenantsIn = async (...words: string[]) =>
      ((await run(...words)).json as { tenants: Shown[] }).tenants;
    const shown = async ({ tenant }: TestTenant) =>
      (await tenantsIn()).find(({ slug }) => slug === tenant.slug) ?? assert.fail();
    const at = (tenant: TestTenant, time: number) =>
      forTenant(use().database, tenant.store.tenantId, () => time);
    const withOwner = async () => {
      const tenant = await createTestTenant(use().database);
      return { tenant, owner: await createLocalAccount(tenant.store, "owner@acme.example", "owner") };
    };

    it("shows a tenant without any set-up", async () => {
      const tenant = await createTestTenant(use().database);
      const { attention, ...rest } = await shown(tenant);
      assert.deepEqual(rest, {
        slug: tenant.tenant.slug,
        name: tenant.tenant.name,
        people: 0,
        lastSignInAt: null,
        ready: { singleSignOn: false, domain: false, provisioning: false, owner: false },
        connections: [],
        tokens: [],
        grants: [],
        lastProvisioningError: null,
      });
      assert.deepEqual(attention, [
        "No owner can sign in with a password. " +
          `Invite one: npm run admin -- owner invite ${tenant.tenant.slug} --email EMAIL`,
      ]);
    });

    it("shows what is in use, the last sign-in, and the last provisioning error", async () => {
      const { tenant, owner } = await withOwner();
      const { store, writer } = tenant;
      const [used, other] = [await tenant.connection(), await tenant.connection({ draft: true })];
      await addDomain(store, "acme.example");
      await store.domains.markVerified("acme.example");
      const { id } = await createToken(store, undefined, 90);
      await store.tokens.recordUse(id);
      const through = (connectionId: string | null) => ({ connectionId, requestId: "request" });
      await recordSignIn(at(tenant, 1_000 * day), owner, through(used.id));
      await recordSignIn(at(tenant, 999 * day), owner, through(used.id));
      await recordSignIn(at(tenant, 1_001 * day), owner, through(null));
      const refused = new RefusedError("account-conflict", "no");
      await recordRefusal(at(tenant, 1_002 * day), refused, through(used.id), null);
      const problem = { kind: "uniqueness", status: 409, detail: "Taken.", requestId: "r-1" };
      const recordAt = (time: number, call: string) =>
        at(tenant, time).provisioningProblems.record({ sourceId: writer.source.id, ...problem, call });
      await recordAt(1_003 * day, "POST /Users");
      await recordAt(1_004 * day, "PUT /Users");
      await recordAt(1_002 * day, "POST /Groups");

      const { attention, tokens, ...rest } = await shown(tenant);
      const iso = (days: number) => new Date(days * day).toISOString();
      assert.deepEqual(attention, []);
      assert.deepEqual(rest, {
        slug: tenant.tenant.slug,
        name: tenant.tenant.name,
        people: 1,
        lastSignInAt: iso(1_001),
        ready: { singleSignOn: true, domain: true, provisioning: true, owner: true },
        connections: [
          {
            key: used.key,
            type: "oidc",
            status: "active",
            testedAt: null,
            lastSignInAt: iso(1_000),
            certificateUntil: null,
          },
          {
            key: other.key,
            type: "oidc",
            status: "draft",
            testedAt: null,
            lastSignInAt: null,
            certificateUntil: null,
          },
        ],
        grants: [],
        lastProvisioningError: {
          at: iso(1_004),
          source: "default",
          call: "PUT /Users",
          status: 409,
          detail: "Taken.",
          requestId: "r-1",
        },
      });
      const [token] = tokens as Record<string, unknown>[];
      assert.deepEqual(Object.keys(token ?? {}), ["source", "hint", "expiresAt", "lastUsedAt"]);
      const { text } = await run();
      const [headings = "", ...lines] = text.split("\n");
      const line = lines.find((one) => one.startsWith(`${tenant.tenant.slug} `)) ?? assert.fail(text);
      assert.equal(line.indexOf("oidc on, oidc draft"), headings.indexOf("CONNECTIONS"));
      assert.equal(line.indexOf("1972-09-28 00:00"), headings.indexOf("LAST SIGN-IN"));
      assert.match(line, /yes +yes +yes +1972-09-28 00:00 +1972-10-01 00:00, 409 at PUT \/Users$/);
    });

    it("knows a tenant that Okta provisions by OAuth 2.0, and says when that has ended", async () => {
      const { tenant, owner } = await withOwner();
      const { store, writer } = tenant;
      const { clientId } = await createProvisioningClient(use().database);
      const granted = newGrant("living", { clientId, userId: owner.id, sourceId: writer.source.id });
      await store.provisioningGrants.create(granted);
      const isReady = async () => (await shown(tenant)).ready as { provisioning: boolean };
      assert.equal((await isReady()).provisioning, false, "it was not used yet");
      const used = { last_used_at: 1_000 * day };
      await use().database.sql()("provisioning_grants").where("id", "living").update(used);
      assert.equal((await isReady()).provisioning, true);
      const [grant] = (await shown(tenant)).grants as Record<string, unknown>[];
      assert.deepEqual(grant, {
        source: "default",
        allowedBy: granted.allowedBy,
        createdAt: grant?.createdAt,
        expiresAt: new Date(granted.refreshExpiresAt).toISOString(),
        lastUsedAt: new Date(1_000 * day).toISOString(),
      });
      await store.provisioningGrants.end("living", "token-reused");
      const { attention, grants } = await shown(tenant);
      assert.deepEqual(grants, []);
      assert.match(attention.join(), /source default\) has ended: provisioning has stopped/);
      assert.equal((await isReady()).provisioning, false);
    });

    // SAML {
    async function samlWith(tenant: TestTenant, ends: number[]) {
      const keys = await Promise.all(ends.map((end) => createSigningKey("acme", new Date(end))));
      const certificates = keys.map(({ certificate }) => certificate);
      return await tenant.connection({ type: "saml", settings: { ...samlSettings, certificates } });
    }

    it("warns of expiring certificates, unless another one lasts longer", async () => {
      const { tenant } = await withOwner();
      const soon = Date.now() + 10 * day;
      const saml = await samlWith(tenant, [soon]);
      await samlWith(tenant, [soon, Date.now() + 400 * day]);
      await createToken(tenant.store, "ends soon", 10);
      const { attention, connections } = await shown(tenant);
      assert.match(
        attention[0] ?? "",
        new RegExp(`^saml ${saml.key}: Its certificate expires within 30 days`),
      );
      assert.match(attention[1] ?? "", /^The provisioning token /);
      assert.equal(attention.length, 2);
      const ends = (connections as { certificateUntil: string }[]).map((one) =>
        Date.parse(one.certificateUntil),
      );
      assert.ok(Math.abs((ends[0] ?? 0) - soon) < 2_000, "to the second");
      assert.ok((ends[1] ?? 0) > Date.now() + 399 * day, "the last of several");
    });
    // SAML }

    it("warns of expiring tokens, unless another one lasts longer", async () => {
      const { tenant } = await withOwner();
      const { store } = tenant;
      await createToken(store, "ends soon", 10);
      await createToken(store, "renewed", 10);
      await createToken(store, "renewed", null);
      const { id } = await createToken(store, "revoked", 10);
      await revokeToken(store, id);
      const source = await store.sources.create({ id: randomUUID(), name: "ended" });
      await store.tokens.create({
        id: randomUUID(),
        sourceId: source.id,
        tokenHash: randomUUID(),
        hint: "oinscim_old",
        expiresAt: Date.now() - 10 * day,
      });
      const { attention } = await shown(tenant);
      const date = "\\d{1,2} \\w+ \\d{4}";
      assert.match(
        attention[0] ?? "",
        new RegExp(`^The provisioning token oinscim_\\S+… \\(source ends soon\\) expires on ${date}`),
      );
      assert.match(
        attention[1] ?? "",
        new RegExp(`\\(source ended\\) expired on ${date}: provisioning has stopped`),
      );
      assert.equal(attention.length, 2);
    });

    it("does not count an owner who is blocked, deactivated or without a password", async () => {
      const { tenant, owner } = await withOwner();
      const { store } = tenant;
      const passwordless = await store.users.create(newUser("second@acme.example"));
      await store.roles.grant(passwordless.id, "owner");
      const counts = async () => ((await shown(tenant)).ready as { owner: boolean }).owner;
      assert.equal(await counts(), true);
      await store.users.update(owner.id, { blocked: true });
      assert.equal(await counts(), false);
      await store.users.update(owner.id, { blocked: false, active: false });
      assert.equal(await counts(), false);
    });

    it("shows with --attention only tenants that need it, and their number", async () => {
      const { tenant } = await withOwner();
      const sick = await createTestTenant(use().database);
      const slugs = (await tenantsIn("--attention")).map(({ slug }) => slug);
      assert.deepEqual([slugs.includes(sick.tenant.slug), slugs.includes(tenant.tenant.slug)], [true, false]);
      const all = (await tenantsIn()).length;
      assert.ok(all > slugs.length);
      const { text } = await run("--attention");
      const needs = slugs.length === 1 ? "needs" : "need";
      assert.ok(text.endsWith(`\n${slugs.length} of ${all} tenants ${needs} attention.`), text);
      assert.match(text, /\n {2}! No owner can sign in with a password/);
    });
  });
});
