import assert from "node:assert/strict";
import {
  changeSettings,
  createConnection,
  disableConnectionUnguarded,
  enableConnection,
} from "../../src/directory/connections.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import {
  addDomain,
  createTenant,
  deleteTenant,
  renameTenant,
  tenantBySlug,
} from "../../src/directory/tenants.ts";
import { InvalidError, NotFoundError } from "../../src/errors.ts";
import { hashToken, sealer } from "../../src/store/secrets.ts";
import { sessionStore } from "../../src/store/session-store.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, identityOf } from "../helpers/people.ts";
import { everyProtocol } from "../helpers/protocols.ts";
import { conflict } from "../helpers/thrown.ts";

describe("tenants and what the operator sets up", () => {
  onEachDatabase((use) => {
    describe("createTenant", () => {
      for (const slug of ["", "A", "ä", "-a", "a_b", "a b", "a".repeat(64), "admin", "new", "a/b", "a.b"]) {
        it(`refuses the slug ${JSON.stringify(slug)}`, async () => {
          await assert.rejects(createTenant(use().database, slug, "Name"), InvalidError);
        });
      }

      it("refuses a taken slug and an empty name", async () => {
        await createTenant(use().database, "twice", "First");
        await assert.rejects(createTenant(use().database, "twice", "Second"), conflict("slug-taken"));
        await assert.rejects(createTenant(use().database, "nameless", "  "), InvalidError);
        await assert.rejects(tenantBySlug(use().database, "nameless"), NotFoundError);
      });

      it("renames a tenant, and deletes it with all its data; its slug stays reserved", async () => {
        const tenant = await createTenant(use().database, "gone", "Before");
        await renameTenant(use().database, tenant, " After ");
        assert.equal((await tenantBySlug(use().database, "gone")).name, "After");
        await deleteTenant(use().database, tenant);
        await assert.rejects(tenantBySlug(use().database, "gone"), NotFoundError);
        await assert.rejects(createTenant(use().database, "gone", "Another"), conflict("key-taken"));
      });
    });

    describe("addDomain", () => {
      for (const domain of [
        "gmail.com",
        "Outlook.com",
        "x",
        "x..test",
        "-x.test",
        "https://x.test",
        "x.test/a",
        "1.2.3.4",
        "",
      ]) {
        it(`refuses ${JSON.stringify(domain)}`, async () => {
          const { store } = await createTestTenant(use().database);
          await assert.rejects(addDomain(store, domain), InvalidError);
        });
      }

      it("routes no sign-ins before verification, then to every tenant that verified the domain", async () => {
        const { tenantsOfDomain } = systemStore(use().database);
        const [a, b] = [await createTestTenant(use().database), await createTestTenant(use().database)];
        for (const { store } of [a, b]) await addDomain(store, "Shared.test");
        assert.deepEqual(await tenantsOfDomain("shared.test"), []);
        await a.store.domains.markVerified("shared.test");
        assert.deepEqual(
          (await tenantsOfDomain("SHARED.test")).map(({ id }) => id),
          [a.tenant.id],
        );
        await b.store.domains.markVerified("shared.test");
        assert.equal((await tenantsOfDomain("shared.test")).length, 2);
        await assert.rejects(addDomain(a.store, "shared.test"), conflict("domain-taken"));
      });
    });

    describe("connections", () => {
      /** The person of a stored session. Its row stays, to tell its browser why it has ended. */
      const personOf = async (sidHash: string) => {
        const sessions = sessionStore(use().database);
        const { signIn: stored } = (await sessions.load(sidHash)) ?? assert.fail();
        return await sessions.person(stored ?? assert.fail());
      };

      it("allows one connection of each protocol per key, of one tenant only", async () => {
        const [a, b] = [await createTestTenant(use().database), await createTestTenant(use().database)];
        const key = `${a.tenant.slug}-key`;
        for (const { type, settings } of everyProtocol) await a.connection({ key, type, settings });
        await assert.rejects(a.connection({ key }), conflict("key-taken"));
        await assert.rejects(b.connection({ key }), conflict("key-taken"));
        await assert.rejects(b.connection({ key: a.tenant.slug }), conflict("key-taken"));
        await assert.rejects(a.connection({ key: "Not_A_Key" }), InvalidError);
      });

      it("is a draft without settings and cannot be enabled", async () => {
        const { store, connection } = await createTestTenant(use().database);
        const draft = await connection({ settings: null });
        assert.equal(draft.status, "draft");
        await assert.rejects(enableConnection(store, draft.id), conflict("stale"));
        await assert.rejects(enableConnection(store, "nothing"), NotFoundError);
      });

      it("seals the client secret for this connection only", async () => {
        const { tenant, store } = await createTestTenant(use().database);
        const seals = sealer(Buffer.alloc(32, 7));
        const wanted = { key: tenant.slug, type: "oidc", justInTime: false, draft: false } as const;
        const settings = { issuer: "https://acme.okta.example", clientId: "0oa1" };
        const secret = { text: "very secret", sealer: seals };
        const { id } = await createConnection(use().database, tenant.id, { ...wanted, settings, secret });
        const sealed = (await store.connections.sealedSecrets(id)).current ?? assert.fail();
        assert.ok(!sealed.includes("very secret"));
        assert.equal(seals.open(sealed, `${tenant.id}/${id}`), "very secret");
        assert.throws(() => seals.open(sealed, `${tenant.id}/other`));
      });

      it("loses identities, grants and sessions if its provider changes", async () => {
        const { tenant, store, connection } = await createTestTenant(use().database);
        const { id } = await connection();
        const before = (await store.connections.byId(id)) ?? assert.fail();
        const { user } = await signIn(store, { ...identityOf(before, "ada@x.test"), roles: ["admin"] });
        const times = { createdAt: Date.now(), seenAt: Date.now(), expiresAt: Date.now() + 60_000 };
        const signedIn = {
          tenantId: tenant.id,
          userId: user.id,
          accessEpoch: user.accessEpoch,
          connectionId: id,
        };
        await sessionStore(use().database).create({
          sidHash: `s-${id}`,
          signIn: signedIn,
          ...times,
          data: {},
        });

        await changeSettings(store, id, { issuer: "https://acme.okta.example", clientId: "0oa2" });
        assert.equal(
          (await store.identities.ofUser(user.id)).length,
          1,
          "another client of the same provider",
        );
        await changeSettings(store, id, { issuer: "https://evil.okta.example", clientId: "0oa2" });
        assert.deepEqual(await store.identities.ofUser(user.id), []);
        assert.equal(await store.roles.effective(user.id), "member");
        assert.equal(await personOf(`s-${id}`), null);
      });

      it("ends its sessions when it is disabled", async () => {
        const { tenant, store, connection } = await createTestTenant(use().database);
        const active = await connection();
        const { user } = await signIn(store, identityOf(active, "ada@x.test"));
        const signedIn = {
          tenantId: tenant.id,
          userId: user.id,
          accessEpoch: user.accessEpoch,
          connectionId: active.id,
        };
        const sessions = sessionStore(use().database);
        const now = Date.now();
        const times = { createdAt: now, seenAt: now, expiresAt: now + 60_000 };
        await sessions.create({ sidHash: "through it", signIn: signedIn, ...times, data: {} });
        assert.equal((await sessions.person(signedIn))?.connection?.key, active.key);
        await disableConnectionUnguarded(store, active.id);
        assert.equal(await sessions.person(signedIn), null);
        await enableConnection(store, active.id);
        assert.ok(await sessions.person(signedIn));
        assert.equal(await personOf("through it"), null, "a session that was ended stays ended");
      });
    });

    describe("createToken", () => {
      it("returns the token once, stores its hash, and creates a new source", async () => {
        const { store } = await createTestTenant(use().database);
        const { token, source } = await createToken(store, "second org");
        assert.match(token, /^oinscim_[\w-]{43}$/);
        assert.deepEqual(await store.sources.byName("second org"), source);
        const [listed] = await store.tokens.list();
        assert.equal(listed?.hint, token.slice(0, 12));
        const rows = await use().database.sql()("provisioning_tokens").where("token_hash", hashToken(token));
        assert.equal(rows.length, 1);
        assert.ok(!JSON.stringify(rows).includes(token.slice(13)));
        await createToken(store, "second org");
        assert.equal((await store.sources.list()).length, 2);
      });

      for (const days of [0, -1, 1.5, 3651, Number.NaN]) {
        it(`refuses an expiry of ${days} days`, async () => {
          const { store } = await createTestTenant(use().database);
          await assert.rejects(createToken(store, undefined, days), InvalidError);
          assert.deepEqual(await store.tokens.list(), []);
        });
      }
    });
  });
});
