import assert from "node:assert/strict";
import { brand } from "../../config/brand.ts";
import { apiKeyCommands } from "../../src/cli/api-keys.ts";
import { isApiKey } from "../../src/directory/api-keys.ts";
import { InvalidError, NotFoundError } from "../../src/errors.ts";
import { keyScopes } from "../helpers/api-keys.ts";
import { runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "../helpers/people.ts";

const person = ["--person", "ada@acme.example", "--name", "Report"];
const dayMs = 86_400_000;

interface Created {
  id: string;
  key: string;
  baseUrl: string;
  expiresAt: string | null;
}

describe("admin -- api-key", () => {
  onOneDatabase((use) => {
    let acme: TestTenant;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      await createLocalAccount(acme.store, "ada@acme.example", "admin");
      await createLocalAccount(acme.store, "member@acme.example");
    });
    const run = async (verb: string, ...words: string[]) =>
      (await runCommand(apiKeyCommands, use().database, ["api-key", verb, acme.tenant.slug, ...words])).json;
    const create = async (...words: string[]) => (await run("create", ...person, ...words)) as Created;

    it("create prints the key, its base URL, and its end in 90 days", async () => {
      const { id, key, expiresAt, ...rest } = await create();
      assert.deepEqual(rest, { baseUrl: "https://product.example/api/v1" });
      assert.ok(isApiKey(brand.apiKeyPrefix, key));
      assert.ok(Math.abs(Date.parse(expiresAt ?? "") - Date.now() - 90 * dayMs) < 60_000);
      const [entry] = await acme.store.activity.latest(1);
      assert.deepEqual(
        [entry?.action, entry?.actorKind, entry?.targetId],
        ["api_key.created", "operator", id],
      );
    });

    it("create accepts scopes and another end, or none", async () => {
      const one = await create("--scope", keyScopes[0] ?? "", "--expires-days", "7");
      assert.ok(Date.parse(one.expiresAt ?? "") < Date.now() + 8 * dayMs);
      assert.equal((await create("--never")).expiresAt, null);
      const listed = (await run("list")) as { id: string; scopes: string[] }[];
      assert.deepEqual(listed.find(({ id }) => id === one.id)?.scopes, [keyScopes[0]]);
    });

    it("list identifies keys without printing them", async () => {
      const { id, key, expiresAt } = await create();
      const [{ createdAt, ...row } = {}, ...more] = (await run("list")) as Record<string, unknown>[];
      assert.deepEqual(more, []);
      assert.ok(Date.parse(String(createdAt)) > 0);
      const hint = key.slice(0, brand.apiKeyPrefix.length + 4);
      const facts = { id, name: "Report", hint, person: "ada@acme.example", scopes: keyScopes, expiresAt };
      assert.deepEqual(row, { ...facts, lastUsedAt: null, revokedAt: null });
    });

    it("revoke works once, records it, and not for another tenant's key", async () => {
      const { id } = await create();
      const other = await createTestTenant(use().database);
      const theirs = ["api-key", "revoke", other.tenant.slug, id];
      await assert.rejects(runCommand(apiKeyCommands, use().database, theirs), NotFoundError);
      assert.deepEqual(await run("revoke", id), { revoked: id });
      assert.equal((await acme.store.activity.latest(1))[0]?.action, "api_key.revoked");
      await assert.rejects(run("revoke", id), NotFoundError);
      const [{ revokedAt = null } = {}] = (await run("list")) as { revokedAt?: string | null }[];
      assert.ok(Date.parse(revokedAt ?? "") > 0);
    });

    const wrong: [what: string, words: string[], error: typeof InvalidError | typeof NotFoundError][] = [
      ["a member", ["--person", "member@acme.example", "--name", "Report"], InvalidError],
      ["a stranger", ["--person", "stranger@acme.example", "--name", "Report"], NotFoundError],
      ["no name", ["--person", "ada@acme.example"], InvalidError],
      ["a scope that does not exist", [...person, "--scope", "everything"], InvalidError],
      ["an end of both kinds", [...person, "--never", "--expires-days", "3"], InvalidError],
      ...["0", "366", "1.5", "soon", ""].map((days): [string, string[], typeof InvalidError] => [
        `"${days}" days`,
        [...person, `--expires-days=${days}`],
        InvalidError,
      ]),
    ];
    for (const [what, words, error] of wrong)
      it(`create refuses ${what} and creates no key`, async () => {
        await assert.rejects(run("create", ...words), error);
        assert.deepEqual(await run("list"), []);
      });
  });
});
