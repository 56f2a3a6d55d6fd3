import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { deleteTenant } from "../../src/directory/tenants.ts";
import { ConflictError, NotFoundError } from "../../src/errors.ts";
import type { LinkPurpose } from "../../src/model.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { fillEveryTable, rowCounts, tenantTableNames } from "../helpers/every-table.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";

const keyTaken = (error: unknown) => error instanceof ConflictError && error.code === "key-taken";

describe("tenants", () => {
  onEachDatabase((use) => {
    it("are deleted with all their rows, and only theirs", async () => {
      const { database } = use();
      const gone = await fillEveryTable(database);
      const stays = await fillEveryTable(database);
      const tables = await tenantTableNames(database);
      const counts = (id: string) => rowCounts(database, tables, id);
      const before = await counts(stays.store.tenantId);
      const filled = await counts(gone.store.tenantId);
      assert.deepEqual(
        tables.filter((table) => filled[table] === 0),
        [],
        "fillEveryTable leaves out a table",
      );
      await deleteTenant(database, gone.tenant);
      const { connection_keys: keys, ...rest } = await counts(gone.store.tenantId);
      assert.deepEqual(
        Object.entries(rest).filter(([, rows]) => rows > 0),
        [],
      );
      assert.equal(keys, filled.connection_keys);
      assert.deepEqual(await counts(stays.store.tenantId), before);
    });

    it("are found by slug and id, listed by slug, and updated", async () => {
      const { tenants } = systemStore(use().database);
      const { tenant } = await createTestTenant(use().database, "found");
      assert.deepEqual(await tenants.bySlug("found"), tenant);
      assert.deepEqual([await tenants.bySlug("Found"), await tenants.byId("found")], [null, null]);
      await tenants.update(tenant.id, { sourceConflict: "adopt" });
      assert.deepEqual(await tenants.byId(tenant.id), { ...tenant, sourceConflict: "adopt" });
      await tenants.update(tenant.id, { name: "Renamed" });
      assert.deepEqual(await tenants.byId(tenant.id), {
        ...tenant,
        name: "Renamed",
        sourceConflict: "adopt",
      });
      const slugs = (await tenants.list()).map(({ slug }) => slug);
      assert.deepEqual(slugs, [...slugs].sort());
      await assert.rejects(tenants.update(randomUUID(), { name: "Unknown" }), NotFoundError);
      assert.equal(await tenants.remove(randomUUID()), false);
    });

    it("are found by a domain once they verified it, even if several did", async () => {
      const system = systemStore(use().database);
      // Sorted by name as text, so "10" comes before "9".
      const [one, two, unproven] = [
        await createTestTenant(use().database, "domain-one"),
        await createTestTenant(use().database, "domain-two"),
        await createTestTenant(use().database, "domain-unproven"),
      ];
      for (const { store } of [one, two, unproven]) await store.domains.add("acme.example", "proof");
      assert.deepEqual(await system.tenantsOfDomain("acme.example"), []);
      await one.store.domains.markVerified("acme.example");
      assert.deepEqual(await system.tenantsOfDomain("ACME.example"), [one.tenant]);
      await two.store.domains.markVerified("acme.example");
      assert.deepEqual(
        (await system.tenantsOfDomain("acme.example")).map(({ id }) => id),
        [one.tenant.id, two.tenant.id],
      );
      assert.deepEqual(await system.tenantsOfDomain("www.acme.example"), []);
    });
  });
});

describe("connection keys", () => {
  onEachDatabase((use) => {
    it("belong to the first tenant that reserves them, which may repeat it", async () => {
      const { connectionKeys } = systemStore(use().database);
      const [one, two] = [await createTestTenant(use().database), await createTestTenant(use().database)];
      await connectionKeys.reserve("okta", one.tenant.id);
      await connectionKeys.reserve("okta", one.tenant.id);
      await assert.rejects(connectionKeys.reserve("okta", two.tenant.id), keyTaken);
      await assert.rejects(two.connection({ key: "okta" }), keyTaken);
      await one.connection({ key: "okta" });
      const { tenantId } = (await connectionKeys.find("okta", "oidc")) ?? {};
      assert.equal(tenantId, one.tenant.id);
      assert.equal(await connectionKeys.find("okta", "saml"), null); // SAML
    });

    it("are never given to another tenant, even after theirs was deleted", async () => {
      const { database } = use();
      const { tenant, connection } = await createTestTenant(database, "short-lived");
      await connection({ key: "short-lived-two" });
      await deleteTenant(database, tenant);
      const next = await createTestTenant(database);
      for (const key of ["short-lived", "short-lived-two"]) {
        await assert.rejects(next.connection({ key }), keyTaken);
        assert.equal(await systemStore(database).connectionKeys.find(key, "oidc"), null);
      }
      await assert.rejects(createTestTenant(database, "short-lived"), keyTaken);
      assert.equal(await systemStore(database).tenants.bySlug("short-lived"), null);
    });

    it("go to one of two tenants that reserve them concurrently", async () => {
      const { database, openAnother } = use();
      const [one, two] = [await createTestTenant(database), await createTestTenant(database)];
      const results = await Promise.allSettled([
        systemStore(database).connectionKeys.reserve("raced", one.tenant.id),
        systemStore(openAnother()).connectionKeys.reserve("raced", two.tenant.id),
      ]);
      assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    });
  });
});

describe("one-time links", () => {
  onEachDatabase((use) => {
    const fresh = async () => {
      const { store, connection } = await createTestTenant(use().database);
      const user = await store.users.create(newUser("ada@acme.example"));
      const tokenHash = randomUUID();
      const create = (purpose: LinkPurpose) => store.links.create(tokenHash, purpose, 1_000);
      const at = (time: number) => systemStore(use().database, () => time).links;
      return { store, user, connection, tokenHash, create, at };
    };

    it("can be read many times but consumed once", async () => {
      const { store, user, tokenHash, create, at } = await fresh();
      const purpose = { kind: "set-password" as const, userId: user.id };
      await create(purpose);
      const opened = { tenantId: store.tenantId, purpose };
      assert.deepEqual([await at(1).peek(tokenHash), await at(1).peek(tokenHash)], [opened, opened]);
      assert.deepEqual([await at(1).consume(tokenHash), await at(1).consume(tokenHash)], [opened, null]);
      assert.equal(await at(1).peek(tokenHash), null);
    });

    it("name the connection that they set up", async () => {
      const { connection, tokenHash, create, at } = await fresh();
      const purpose = { kind: "set-up-connection" as const, connectionId: (await connection()).id };
      await create(purpose);
      assert.deepEqual((await at(1).consume(tokenHash))?.purpose, purpose);
    });

    it("are not found once expired, nor if unknown", async () => {
      const { user, tokenHash, create, at } = await fresh();
      await create({ kind: "set-password", userId: user.id });
      assert.deepEqual([await at(1_000).peek(tokenHash), await at(1_000).consume(tokenHash)], [null, null]);
      assert.deepEqual([await at(1).peek("unknown"), await at(1).consume("unknown")], [null, null]);
      assert.notEqual(await at(999).consume(tokenHash), null);
    });

    it("are consumed by one of many concurrent callers over two connections", async () => {
      const { user, tokenHash, create } = await fresh();
      await create({ kind: "set-password", userId: user.id });
      const both = [use().database, use().openAnother()].map((one) => systemStore(one, () => 1).links);
      const opened = await Promise.all(
        Array.from({ length: 10 }, (_, index) => both[index % 2]?.consume(tokenHash)),
      );
      assert.equal(opened.filter((link) => link !== null).length, 1);
    });

    it("are void once revoked, or once their user or connection is deleted", async () => {
      const { store, user, connection, tokenHash, create, at } = await fresh();
      const okta = await connection();
      const ends: [LinkPurpose, () => Promise<unknown>][] = [
        [{ kind: "set-password", userId: user.id }, () => store.links.removeOfUser(user.id)],
        [{ kind: "set-password", userId: user.id }, () => store.users.remove(user.id)],
        [{ kind: "set-up-connection", connectionId: okta.id }, () => store.connections.remove(okta.id)],
      ];
      for (const [purpose, end] of ends) {
        await create(purpose);
        assert.notEqual(await at(1).peek(tokenHash), null);
        await end();
        assert.equal(await at(1).peek(tokenHash), null);
      }
    });
  });
});
