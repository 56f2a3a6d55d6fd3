import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type ConflictCode, ConflictError } from "../../src/errors.ts";
import { openDatabase } from "../../src/store/database.ts";
import {
  isForeignKeyViolation,
  isRetryable,
  isUnavailable,
  isUniqueViolation,
  mapUniqueViolation,
} from "../../src/store/sql-errors.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant, newUser, type TestTenant } from "../helpers/people.ts";
import { freePort } from "../helpers/postgres-server.ts";
import { everyProtocol } from "../helpers/protocols.ts";

const newGroup = (displayName: string, more = {}) => ({
  id: randomUUID(),
  displayName,
  sourceId: null,
  sourceKey: null,
  ...more,
});

/** Unique values: two that conflict, and two that look alike but do not. */
interface Case {
  what: string;
  code: ConflictCode;
  write(name: string, tenant: TestTenant): Promise<unknown>;
  clash: [string, string];
  fine: [string, string];
}

const cases: Case[] = [
  {
    what: "a login name, ignoring case",
    code: "login-name-taken",
    write: (name, { store }) => store.users.create(newUser(name)),
    clash: ["ada@acme.example", "ADA@Acme.example"],
    fine: ["grace@acme.example", "grace@acme.example2"],
  },
  {
    what: "a login name, ignoring case beyond ASCII",
    code: "login-name-taken",
    write: (name, { store }) => store.users.create(newUser(name)),
    clash: ["Ärger@acme.example", "äRGER@acme.example"],
    fine: ["é@acme.example", "e@acme.example"],
  },
  {
    what: "a login name, composed or decomposed",
    code: "login-name-taken",
    write: (name, { store }) => store.users.create(newUser(name)),
    clash: ["jos\u00e9@acme.example", "jose\u0301@acme.example"],
    fine: ["straße@acme.example", "strasse@acme.example"],
  },
  {
    what: "a login name on a change",
    code: "login-name-taken",
    write: async (name, { store }) =>
      store.users.update((await store.users.create(newUser(randomUUID()))).id, { loginName: name }),
    clash: ["renamed@acme.example", "Renamed@acme.example"],
    fine: ["other@acme.example", "others@acme.example"],
  },
  {
    what: "a group's name, ignoring case",
    code: "group-name-taken",
    write: (name, { store }) => store.groups.create(newGroup(name)),
    clash: ["Übersetzer", "üBERSETZER"],
    fine: ["Editors", "Editors "],
  },
  {
    what: "a connection's subject",
    code: "identity-taken",
    write: async (name, tenant) => {
      const { store } = tenant;
      const connection = (await store.connections.list())[0] ?? (await tenant.connection());
      await store.identities.add(connection.id, name, (await store.users.create(newUser(randomUUID()))).id);
    },
    clash: ["00u1", "00u1"],
    fine: ["00u2", "00U2"],
  },
  {
    what: "a connection's key for one protocol",
    code: "key-taken",
    write: (name, tenant) => tenant.connection({ key: `${tenant.tenant.slug}-${name}` }),
    clash: ["okta", "okta"],
    fine: ["one", "two"],
  },
  {
    what: "a source's name",
    code: "source-name-taken",
    write: (name, { store }) => store.sources.create({ id: randomUUID(), name }),
    clash: ["Okta", "Okta"],
    fine: ["Second", "second"],
  },
  {
    what: "a tenant's domain",
    code: "domain-taken",
    write: (name, { store }) => store.domains.add(name, "proof"),
    clash: ["acme.example", "acme.example"],
    fine: ["acme.test", "www.acme.test"],
  },
];

describe("a unique value", () => {
  onEachDatabase((use) => {
    for (const { what, code, write, clash, fine } of cases) {
      it(`refuses ${what} twice with "${code}"`, async () => {
        const tenant = await createTestTenant(use().database);
        const neighbour = await createTestTenant(use().database);
        await write(clash[0], tenant);
        await assert.rejects(
          write(clash[1], tenant),
          (error) => error instanceof ConflictError && error.code === code,
        );
        await write(clash[1], neighbour);
        for (const name of fine) await write(name, tenant);
      });
    }

    it('refuses a slug twice with "slug-taken"', async () => {
      const { tenants } = systemStore(use().database);
      await tenants.create({ id: randomUUID(), slug: "acme", name: "Acme" });
      await assert.rejects(
        tenants.create({ id: randomUUID(), slug: "acme", name: "Another" }),
        (error) => error instanceof ConflictError && error.code === "slug-taken",
      );
    });

    it("allows a source key more than once: in one source, in two, and without a source", async () => {
      const { store, writer } = await createTestTenant(use().database);
      const second = await store.sources.create({ id: randomUUID(), name: "Second" });
      for (const sourceId of [writer.source.id, writer.source.id, second.id, null, null]) {
        await store.users.create(newUser(randomUUID(), { sourceId, sourceKey: "same" }));
        await store.groups.create(newGroup(randomUUID(), { sourceId, sourceKey: "same" }));
      }
      assert.deepEqual([await store.users.count(), await store.groups.count()], [5, 5]);
    });

    it("allows connections of different protocols with the same key", async () => {
      const tenant = await createTestTenant(use().database);
      const key = tenant.tenant.slug;
      for (const { type, settings } of everyProtocol)
        assert.equal((await tenant.connection({ key, type, settings })).key, key);
    });

    it("maps only violations of the given column, and rethrows others unchanged", async () => {
      const { store } = await createTestTenant(use().database);
      const { id } = await store.users.create(newUser("one@acme.example"));
      const failure = await store.users
        .create(newUser("two@acme.example", { id }))
        .catch((error: unknown) => error);
      assert.equal(failure instanceof ConflictError, false);
      assert.equal(isUniqueViolation(failure, "id"), true);
      assert.equal(isUniqueViolation(failure, "login_name_key"), false);
      assert.equal(isForeignKeyViolation(failure), false);
      assert.equal(isUnavailable(failure), false);
    });

    it("reports a reference to a missing row or to another tenant as a foreign key violation", async () => {
      const { store } = await createTestTenant(use().database);
      const { store: others } = await createTestTenant(use().database);
      const group = await store.groups.create(newGroup("Engineers"));
      const stranger = await others.users.create(newUser("eve@acme.example"));
      for (const userId of [randomUUID(), stranger.id]) {
        const failure = await store.groupMembers.add(group.id, [userId]).catch((error: unknown) => error);
        assert.equal(isForeignKeyViolation(failure), true);
        assert.equal(isUniqueViolation(failure, "user_id"), false);
      }
    });
  });
});

describe("mapUniqueViolation", () => {
  it("passes on results and other errors", async () => {
    assert.equal(await mapUniqueViolation(Promise.resolve(7), {}), 7);
    const failure = new Error("something else");
    await assert.rejects(
      mapUniqueViolation(Promise.reject(failure), { slug: () => new Error("no") }),
      failure,
    );
  });
});

describe("isUnavailable", () => {
  it("is true if nothing listens at the database's address", async () => {
    const database = openDatabase(`postgres://unknown@127.0.0.1:${await freePort()}/nothing`);
    const failure = await systemStore(database)
      .ping()
      .catch((error: unknown) => error);
    await database.close();
    assert.ok(failure instanceof Error);
    assert.equal(isUnavailable(failure), true);
  });

  const samples: [unknown, boolean][] = [
    [{ code: "57P03" }, true],
    [{ code: "53300" }, true],
    [{ code: "53100" }, true],
    [{ code: "25006" }, true],
    [{ code: "40P01" }, true],
    [{ code: "SQLITE_BUSY" }, true],
    [{ code: "SQLITE_READONLY" }, true],
    [{ code: "EHOSTUNREACH" }, true],
    [{ message: "Connection terminated unexpectedly" }, true],
    // pg's, if the server accepts a connection and then says nothing.
    [{ message: "timeout expired" }, true],
    [{ message: "Client was closed and is not queryable" }, true],
    [{ code: "0A000", message: "cached plan must not change result type" }, true],
    [{ code: "0A000", message: "not supported" }, false],
    [{ code: "23505" }, false],
    [{ code: "42P01" }, false],
    [new Error("anything else"), false],
  ];
  for (const [error, expected] of samples) {
    it(`is ${expected} for ${String(JSON.stringify(error))}`, () => {
      assert.equal(isUnavailable(error), expected);
    });
  }
});

describe("isRetryable", () => {
  it("is true only for deadlocks, serialization failures and stale plans", () => {
    assert.equal(isRetryable({ code: "0A000", message: "cached plan must not change result type" }), true);
    const codes = ["40P01", "40001", "23505", "SQLITE_BUSY"];
    assert.deepEqual(
      codes.filter((code) => isRetryable({ code })),
      ["40P01", "40001"],
    );
  });
});
