import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { NotFoundError } from "../../../src/errors.ts";
import { hashToken, randomToken } from "../../../src/store/secrets.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { createTestTenant, newUser } from "../../helpers/people.ts";

describe("connections", () => {
  onEachDatabase((use) => {
    it("keep everything that an update does not name", async () => {
      const { store, connection } = await createTestTenant(use().database);
      const before = await connection();
      await store.connections.update(before.id, { sealedSecret: "sealed" });
      const { updatedAt, ...after } = await store.connections.update(before.id, { status: "disabled" });
      const { updatedAt: was, ...expected } = before;
      const { secretEnteredAt } = after;
      assert.deepEqual(after, { ...expected, secretEnteredAt, secretVersion: 1, status: "disabled" });
      assert.ok(secretEnteredAt !== null && secretEnteredAt >= was);
      assert.ok(updatedAt >= was);
      assert.equal((await store.connections.sealedSecrets(before.id)).current, "sealed");
      await store.connections.update(before.id, { sealedSecret: null, settings: null });
      assert.equal((await store.connections.sealedSecrets(before.id)).current, null);
      assert.equal((await store.connections.byId(before.id))?.settings, null);
    });

    it("forget a former secret only if the one that worked is still current", async () => {
      const { store, connection } = await createTestTenant(use().database);
      const { id } = await connection();
      await store.connections.update(id, { sealedSecret: "third", sealedFormerSecret: "first" });
      await store.connections.forgetFormerSecret(id, "second");
      assert.deepEqual(await store.connections.sealedSecrets(id), { current: "third", former: "first" });
      await store.connections.forgetFormerSecret(id, "third");
      assert.deepEqual(await store.connections.sealedSecrets(id), { current: "third", former: null });
    });

    it("are updated, read and removed only by their own tenant", async () => {
      const { connection } = await createTestTenant(use().database);
      const { id } = await connection();
      const { store: others } = await createTestTenant(use().database);
      assert.deepEqual(
        [await others.connections.byId(id), (await others.connections.sealedSecrets(id)).current],
        [null, null],
      );
      assert.equal(await others.connections.remove(id), false);
      await assert.rejects(others.connections.update(id, { status: "disabled" }), NotFoundError);
    });
  });
});

describe("provisioning tokens", () => {
  onEachDatabase((use) => {
    it("are listed with their source, oldest first, and revoked once", async () => {
      const { store, writer } = await createTestTenant(use().database);
      const second = await store.sources.create({ id: randomUUID(), name: "Second" });
      const ids: string[] = [];
      for (const source of [writer.source, second]) {
        const id = randomUUID();
        ids.push(id);
        const tokenHash = hashToken(randomToken());
        await store.tokens.create({ id, sourceId: source.id, tokenHash, hint: "oinscim_", expiresAt: null });
      }
      const names = new Map((await store.tokens.list()).map((token) => [token.id, token.sourceName]));
      assert.deepEqual(
        names,
        new Map([
          [ids[0], "default"],
          [ids[1], "Second"],
        ] as [string, string][]),
      );
      const first = ids[0] as string;
      const { store: others } = await createTestTenant(use().database);
      assert.equal(await others.tokens.revoke(first), false);
      assert.deepEqual([await store.tokens.revoke(first), await store.tokens.revoke(first)], [true, false]);
      const revoked = (await store.tokens.list()).filter(({ revokedAt }) => revokedAt !== null);
      assert.deepEqual(
        revoked.map(({ id }) => id),
        [first],
      );
    });
  });
});

describe("domains", () => {
  onEachDatabase((use) => {
    it("are verified and removed by the tenant that added them", async () => {
      const { store } = await createTestTenant(use().database);
      const { store: others } = await createTestTenant(use().database);
      await store.domains.add("acme.example", "proof");
      assert.deepEqual(await store.domains.list(), [
        { domain: "acme.example", verificationToken: "proof", verifiedAt: null, enforcedConnectionId: null },
      ]);
      assert.equal(await others.domains.markVerified("acme.example"), false);
      assert.equal(await store.domains.markVerified("acme.example"), true);
      assert.ok((await store.domains.list())[0]?.verifiedAt);
      assert.equal(await others.domains.remove("acme.example"), false);
      assert.deepEqual(
        [await store.domains.remove("acme.example"), await store.domains.remove("acme.example")],
        [true, false],
      );
    });
  });
});

describe("credentials", () => {
  onEachDatabase((use) => {
    it("are one password hash per user, the last one set", async () => {
      const { store } = await createTestTenant(use().database);
      const { id } = await store.users.create(newUser("ada@acme.example"));
      assert.equal(await store.credentials.passwordHash(id), null);
      await store.credentials.set(id, "first");
      await store.credentials.set(id, "second");
      assert.equal(await store.credentials.passwordHash(id), "second");
      await store.users.remove(id);
      assert.equal(await store.credentials.passwordHash(id), null);
    });

    it("can be set concurrently", async () => {
      const { store } = await createTestTenant(use().database);
      const { id } = await store.users.create(newUser("ada@acme.example"));
      await Promise.all(["one", "two", "three"].map((hash) => store.credentials.set(id, hash)));
      assert.match((await store.credentials.passwordHash(id)) ?? "", /^(one|two|three)$/);
    });
  });
});
