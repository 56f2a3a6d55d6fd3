import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { integration } from "../../config/integration.ts";
import { tenantCommands } from "../../src/cli/tenants.ts";
import { tokenCommands } from "../../src/cli/tokens.ts";
import { landingPath } from "../../src/web/home.ts";
import { startTestApp } from "../helpers/app.ts";
import { runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { assertRedirect, factOf } from "../helpers/pages.ts";
import { ScimClient } from "../helpers/scim.ts";

const password = "a password for the reviewers";

/** The commands that the package tells the operator to run. */
function printedCommands(): string[][] {
  const text = readFileSync("docs/oin/submission.md", "utf8");
  return [...text.matchAll(/^.*npm run --silent admin -- (.*)$/gm)].map(([, line = ""]) =>
    [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ""),
  );
}

describe("the reviewers' account", () => {
  onOneDatabase((use) => {
    it("is created by the printed commands, signs in, and has the names that Okta's SPEC suite needs", async () => {
      const [createTenant = [], createToken = []] = printedCommands();
      const { database } = use();
      await runCommand(tenantCommands, database, createTenant, { stdin: password });
      const { json } = await runCommand(tokenCommands, database, createToken);
      const app = await startTestApp(database);
      try {
        const { tenant, username, firstName, lastName } = integration.testAccount;
        const client = app.client();
        assertRedirect(await client.signIn(tenant, username, password), landingPath);
        const account = await client.get("/account");
        assert.deepEqual(
          [factOf(account, "First name"), factOf(account, "Last name")],
          [firstName, lastName],
        );
        const scim = new ScimClient(`${app.url}/scim/v2`, `Bearer ${(json as { token: string }).token}`);
        const { body } = await scim.get("/Users?count=1&startIndex=1"); // Okta: SPEC suite, step 1
        const [{ userName, name, active, emails }] = body.Resources;
        assert.deepEqual(
          [userName, name.givenName, name.familyName, active, emails[0].value],
          [username, firstName, lastName, true, username],
        );
      } finally {
        await app.close();
      }
    });
  });
});
