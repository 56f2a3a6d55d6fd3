import assert from "node:assert/strict";
import { clientCommands } from "../../src/cli/clients.ts";
import { isSecretOf } from "../../src/directory/agents.ts";
import { ConflictError, InvalidError, NotFoundError } from "../../src/errors.ts";
import { agentStore } from "../../src/store/agents.ts";
import { runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { allScopes } from "../helpers/id-jag.ts";
import { createTestTenant } from "../helpers/people.ts";

interface Listed {
  clientId: string;
  name: string;
  tenant: string | null;
  scopes: string[];
  jwksUri: string | null;
  secrets: { hint: string }[];
  revokedAt: string | null;
}

interface Created {
  client: Listed;
  clientSecret: string | null;
  issuer: string;
  tokenEndpoint: string;
}

describe("admin -- client", () => {
  onOneDatabase((use) => {
    const run = async (verb: string, ...words: string[]) =>
      (await runCommand(clientCommands, use().database, ["client", verb, ...words])).json;
    const create = async (...words: string[]) =>
      (await run("create", "--name", "Agent", ...words)) as Created;
    const list = async (...words: string[]) => (await run("list", ...words)) as Listed[];

    it("create registers an agent for all tenants, with all scopes and a secret", async () => {
      const { client, clientSecret, issuer, tokenEndpoint } = await create();
      assert.deepEqual(
        [issuer, tokenEndpoint],
        ["https://product.example", "https://product.example/oauth2/token"],
      );
      assert.match(clientSecret ?? "", /^oinagent_[\w-]{43}$/);
      assert.match(client.clientId, /^agent_[0-9a-f-]{36}$/);
      assert.deepEqual([client.tenant, client.jwksUri], [null, null]);
      assert.deepEqual(client.scopes, allScopes);
      const secrets = await agentStore(use().database).secrets(client.clientId);
      assert.ok(isSecretOf(secrets, clientSecret ?? ""));
    });

    it("create registers an agent for one tenant, with named scopes", async () => {
      const { tenant } = await createTestTenant(use().database);
      const { client } = await create("--tenant", tenant.slug, "--scope", "tasks.read");
      assert.deepEqual([client.tenant, client.scopes], [tenant.slug, ["tasks.read"]]);
      assert.deepEqual(
        (await list("--tenant", tenant.slug)).map(({ clientId }) => clientId),
        [client.clientId],
      );
      assert.ok((await list()).every(({ clientId }) => clientId !== client.clientId));
      assert.deepEqual((await create("--scopes", "tasks.write tasks.write")).client.scopes, ["tasks.write"]);
    });

    it("create registers an agent with keys, which has no secret", async () => {
      const { client, clientSecret } = await create("--jwks-uri", "https://agent.example/keys");
      assert.deepEqual([client.jwksUri, clientSecret], ["https://agent.example/keys", null]);
      await assert.rejects(run("add-secret", client.clientId), InvalidError);
    });

    it("create refuses unknown scopes and tenants, and addresses that are not https", async () => {
      await assert.rejects(create("--scope", "tasks.delete"), InvalidError);
      await assert.rejects(create("--tenant", "no-such-tenant"), NotFoundError);
      await assert.rejects(create("--jwks-uri", "http://agent.example/keys"), InvalidError);
    });

    it("a secret is rotated by a second one, and the last one cannot be removed", async () => {
      const { client, clientSecret } = await create();
      const { clientId } = client;
      const added = (await run("add-secret", clientId)) as { clientSecret: string };
      await assert.rejects(run("add-secret", clientId), ConflictError);
      const hint = clientSecret?.slice(0, 13) ?? "";
      assert.deepEqual(await run("remove-secret", clientId, hint), { clientId, removed: hint });
      const left = await agentStore(use().database).secrets(clientId);
      assert.deepEqual(
        [isSecretOf(left, clientSecret ?? ""), isSecretOf(left, added.clientSecret)],
        [false, true],
      );
      await assert.rejects(run("remove-secret", clientId, hint), NotFoundError);
      await assert.rejects(run("remove-secret", clientId, added.clientSecret.slice(0, 13)), ConflictError);
    });

    it("revoke asks for confirmation, works once, and list shows it", async () => {
      const { client } = await create();
      await assert.rejects(run("revoke", client.clientId), InvalidError);
      assert.deepEqual(await run("revoke", client.clientId, "--yes"), { revoked: client.clientId });
      await assert.rejects(run("revoke", client.clientId, "--yes"), NotFoundError);
      const listed = (await list()).find(({ clientId }) => clientId === client.clientId);
      assert.ok(Date.parse(listed?.revokedAt ?? "") > 0);
    });
  });
});
