import assert from "node:assert/strict";
import { clientCommands } from "../../src/cli/clients.ts";
import { scimClientCommands } from "../../src/cli/scim-clients.ts";
import { isSecretOf } from "../../src/directory/agents.ts";
import { ConflictError, InvalidError, NotFoundError } from "../../src/errors.ts";
import { agentStore } from "../../src/store/agents.ts";
import { runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";

interface Shown {
  clientId: string;
  clientSecret: string;
  authorizeEndpoint: string;
  tokenEndpoint: string;
}

describe("admin -- scim-client", () => {
  onOneDatabase((use) => {
    const run = async (verb: string, ...words: string[]) =>
      (await runCommand(scimClientCommands, use().database, ["scim-client", verb, ...words])).json;
    const works = async ({ clientId, clientSecret }: Pick<Shown, "clientId" | "clientSecret">) =>
      isSecretOf(await agentStore(use().database).secrets(clientId), clientSecret);
    let first: Shown;

    it("create shows the secret once, and what Okta's wizard asks for", async () => {
      await assert.rejects(run("rotate"), NotFoundError);
      first = (await run("create")) as Shown;
      assert.equal(first.authorizeEndpoint, "https://product.example/oauth2/authorize");
      assert.equal(first.tokenEndpoint, "https://product.example/oauth2/token");
      assert.match(first.clientSecret, /^oinclient_[\w-]{43}$/);
      assert.ok(await works(first));
      assert.ok(!JSON.stringify(await run("list")).includes(first.clientSecret));
      const rows = await use().database.sql()("agent_secrets");
      assert.ok(!JSON.stringify(rows).includes(first.clientSecret), "only the hash is stored");
    });

    it("create refuses a second client", async () => {
      await assert.rejects(run("create"), ConflictError);
    });

    it("rotate gives a second secret, and retires the first one later", async () => {
      await assert.rejects(run("rotate", "--retire"), ConflictError);
      const second = (await run("rotate")) as Shown;
      assert.deepEqual([await works(first), await works(second)], [true, true]);
      await assert.rejects(run("rotate"), ConflictError);
      await run("rotate", "--retire");
      assert.deepEqual([await works(first), await works(second)], [false, true]);
    });

    it("is not among the agents, and no command of agents revokes it", async () => {
      const agents = (words: string[]) => runCommand(clientCommands, use().database, ["client", ...words]);
      assert.deepEqual((await agents(["list"])).json, []);
      await assert.rejects(agents(["revoke", first.clientId, "--yes"]), NotFoundError);
    });

    it("revoke asks for confirmation, and makes room for another client", async () => {
      await assert.rejects(run("revoke", first.clientId), InvalidError);
      await run("revoke", first.clientId, "--yes");
      await assert.rejects(run("revoke", first.clientId, "--yes"), NotFoundError);
      const next = (await run("create")) as Shown;
      assert.notEqual(next.clientId, first.clientId);
      const listed = (await run("list")) as { clientId: string; revokedAt: string | null }[];
      assert.deepEqual(
        listed.map(({ revokedAt }) => revokedAt !== null),
        [true, false],
      );
    });
  });
});
