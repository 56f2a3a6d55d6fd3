import assert from "node:assert/strict";
import { tokenCommands } from "../../src/cli/tokens.ts";
import { createProvisioningClient } from "../../src/directory/provisioning-clients.ts";
import { InvalidError, NotFoundError } from "../../src/errors.ts";
import { runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "../helpers/people.ts";
import { newGrant } from "../helpers/provisioning-grants.ts";

interface Created {
  token: string;
  baseUrl: string;
  expiresAt: string | null;
}

describe("admin -- token", () => {
  onOneDatabase((use) => {
    let acme: TestTenant;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
    });
    const run = async (verb: string, ...words: string[]) =>
      (await runCommand(tokenCommands, use().database, ["token", verb, acme.tenant.slug, ...words])).json;

    it("create prints the token, its base URL, and that it does not expire", async () => {
      const created = (await run("create")) as Created;
      const { token, ...rest } = created;
      assert.deepEqual(rest, { baseUrl: "https://product.example/scim/v2", expiresAt: null });
      assert.match(token, /^oinscim_[\w-]{43}$/);
    });

    it("create accepts a source and an expiry", async () => {
      const { expiresAt } = (await run("create", "--source", "second", "--expires-days", "30")) as Created;
      const days = (Date.parse(expiresAt ?? "") - Date.now()) / 86_400_000;
      assert.ok(days > 29.99 && days <= 30, `${days} days`);
      assert.notEqual(await acme.store.sources.byName("second"), null);
    });

    it("list identifies tokens without printing them", async () => {
      const { token } = (await run("create")) as Created;
      const listed = (await run("list")) as Record<string, unknown>[];
      assert.equal(listed.length, 1);
      const [{ id, createdAt, hint, ...rest } = {}] = listed;
      assert.match(String(id), /^[0-9a-f-]{36}$/);
      assert.ok(Date.parse(String(createdAt)) > 0);
      assert.ok(token.startsWith(String(hint)) && String(hint).length < 16);
      assert.deepEqual(rest, {
        source: "default",
        expiresAt: null,
        lastUsedAt: null,
        revokedAt: null,
        kind: "token",
        allowedBy: null,
      });
      assert.ok(!JSON.stringify(listed).includes(token));
    });

    it("revoke works once, and not for another tenant's token", async () => {
      await run("create");
      const [{ id } = { id: "" }] = (await run("list")) as { id: string }[];
      const other = await createTestTenant(use().database);
      const theirs = ["token", "revoke", other.tenant.slug, id];
      await assert.rejects(runCommand(tokenCommands, use().database, theirs), NotFoundError);
      assert.deepEqual(await run("revoke", id), { revoked: id });
      const [after] = (await run("list")) as { revokedAt: string | null }[];
      assert.ok(Date.parse(after?.revokedAt ?? "") > 0);
      await assert.rejects(run("revoke", id), NotFoundError);
    });

    it("list shows what an owner allowed by OAuth 2.0, and revoke ends it", async () => {
      const owner = await createLocalAccount(acme.store, "ada@acme.example", "owner");
      const { clientId } = await createProvisioningClient(use().database);
      const granted = { clientId, userId: owner.id, sourceId: acme.writer.source.id };
      await acme.store.provisioningGrants.create(newGrant("living", granted));
      const [{ createdAt, expiresAt, ...row } = {}, ...more] = (await run("list")) as Record<
        string,
        unknown
      >[];
      assert.deepEqual(more, []);
      assert.ok(Date.parse(String(createdAt)) < Date.parse(String(expiresAt)));
      const unused = { hint: null, lastUsedAt: null, revokedAt: null };
      const allowed = { kind: "oauth", allowedBy: "ada@acme.example" };
      assert.deepEqual(row, { id: "living", source: "default", ...unused, ...allowed });
      const list = ["token", "list", acme.tenant.slug];
      const { text } = await runCommand(tokenCommands, use().database, list);
      assert.match(text, /^living\tOAuth 2\.0, ada@acme\.example\tdefault\texpires /);
      assert.deepEqual(await run("revoke", "living"), { revoked: "living" });
      await assert.rejects(run("revoke", "living"), NotFoundError);
    });

    for (const days of ["0", "-1", "1.5", "3651", "soon", "", "NaN"]) {
      it(`create refuses "${days}" days and creates no token`, async () => {
        await assert.rejects(run("create", `--expires-days=${days}`), InvalidError);
        assert.deepEqual(await run("list"), []);
      });
    }

    it("create refuses a source without a name", async () => {
      await assert.rejects(run("create", "--source", " "), InvalidError);
    });
  });
});
