import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import express, { Router } from "express";
import { addAiAgent, addApp, addTo, oidcSignOn, startStandIn, type TestOrg } from "okta-stand-in/testing";
import { ClientSecretPost } from "openid-client";
import { signInTo } from "../../packages/okta-stand-in/test/agent-client.ts";
import { clientCommands } from "../../src/cli/clients.ts";
import { paths } from "../../src/endpoints.ts";
import { createLog } from "../../src/log.ts";
import type { Database } from "../../src/store/database.ts";
import { actingOf, resourceGuard } from "../../src/web/access-tokens.ts";
import { requestContext } from "../../src/web/request.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { type CodeBlock, codeBlocks } from "../helpers/docs.ts";
import { createTestTenant } from "../helpers/people.ts";

const page = "docs/how-to/let-an-agent-use-your-api.md";
const secret = "the secret of an app";

/** Follows the page with the stand-in as the org: its command registers the agent, and its programs run as they are. */
describe(page, () => {
  const blocks = codeBlocks(page);
  const blockOf = (wanted: (block: CodeBlock) => boolean) => blocks.find(wanted)?.text ?? assert.fail();
  const quoted = blocks.filter(({ language }) => language === "ts");

  it("shows code as it is", () => {
    assert.equal(quoted.length, 2);
    for (const { file, text } of quoted) {
      const indented = (by: string) => text.replace(/^(?=.)/gm, by);
      const source = readFileSync(file ?? "", "utf8");
      assert.ok(
        ["", "  "].some((by) => source.includes(`\n${indented(by)}`)),
        text,
      );
    }
  });

  onOneDatabase((use) => {
    let folder: string;
    let org: TestOrg;
    let app: TestApp;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "starter-agent-"));
      org = await startStandIn();
      app = await startTestApp(use().database, { insecureAllowPrivateNetwork: true });
    });
    after(async () => {
      await app.close();
      await org.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Runs a program of the page. Returns what it prints. */
    async function run(file: string, env: Record<string, string>): Promise<string> {
      const path = join(folder, file);
      writeFileSync(
        path,
        blockOf((block) => block.file === file),
      );
      return (await promisify(execFile)(process.execPath, [path], { env })).stdout.trim();
    }

    async function register(): Promise<{ clientId: string; clientSecret: string }> {
      const [, words = ""] = /admin -- (.*)/.exec(blockOf(({ language }) => language === "sh")) ?? [];
      const parts = [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(
        ([, quotedPart, part = ""]) => quotedPart ?? part,
      );
      const { json } = await runCommand(clientCommands, use().database, parts);
      const { client, clientSecret } = json as { client: { clientId: string }; clientSecret: string };
      return { clientId: client.clientId, clientSecret };
    }

    it("leads from the person's ID token to their data", async () => {
      const { clientId, clientSecret } = await register();
      const grace = addTo(org, { login: "grace@acme.example" });
      const product = addApp(org, oidcSignOn(`${app.url}/callback`), [grace]);
      const requester = addApp(org, oidcSignOn("http://localhost:9/callback"), [grace]);
      const acme = await createTestTenant(use().database);
      const { key: tenantId } = await acme.connection({
        settings: { issuer: org.url, clientId: product.id },
      });
      const allowed = { issuerUrl: app.url, tenantId, resources: [`${app.url}/api/v1`], clientId };
      const connection = { app: product, ...allowed };
      addAiAgent(org, requester, { connections: [{ ...connection, scopes: ["tasks.read", "tasks.write"] }] });
      const { idToken } = await signInTo(org, requester, grace, ClientSecretPost(secret));
      const idJag = await run("ask-the-org.mjs", {
        ORG: org.url,
        ORG_CLIENT_ID: requester.id,
        ORG_CLIENT_SECRET: secret,
        ID_TOKEN: idToken,
        PRODUCT: app.url,
      });
      const printed = await run("call-the-api.mjs", {
        PRODUCT: app.url,
        CLIENT_ID: clientId,
        CLIENT_SECRET: clientSecret,
        ID_JAG: idJag,
      });
      assert.deepEqual(JSON.parse(printed), { added: "Send the minutes", all: ["Send the minutes"] });
    });

    it("guards a custom route", async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const routes = ownRoute(use().database, app.url);
      server.on(
        "request",
        express()
          .use(requestContext(createLog("silent")))
          .use(routes),
      );
      const answer = await fetch(`${url}/api/v1/reports`);
      assert.equal(answer.status, 401);
      const metadata = `${app.url}/.well-known/oauth-protected-resource/api/v1`;
      assert.ok(answer.headers.get("www-authenticate")?.includes(`resource_metadata="${metadata}"`));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  });
});

function ownRoute(database: Database, baseUrl: string): Router {
  const router = Router();
  const guard = resourceGuard(database, baseUrl, paths.api);
  router.get("/api/v1/reports", guard.authenticate, guard.requireScope("reports.read"), (req, res) => {
    const { tenant, user, agent } = actingOf(req);
    res.json({ tenant: tenant.slug, person: user.loginName, agent: agent?.name ?? null });
  });
  return router;
}
