import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { systemStore } from "../../src/store/system-store.ts";
import { landingPath } from "../../src/web/home.ts";
import { describeInBrowser } from "../helpers/browser.ts";
import type { Client } from "../helpers/client.ts";
import { createTestDatabase } from "../helpers/databases.ts";
import { Demo } from "../helpers/demo.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createTestTenant } from "../helpers/people.ts";
import { freePort } from "../helpers/postgres-server.ts";
import { until } from "../helpers/processes.ts";

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function owner(demo: Demo): Promise<Client> {
  const client = demo.client();
  assertRedirect(await client.signIn("acme", "ada@acme.example", demo.password), landingPath);
  return client;
}

const userOf = async (client: Client) => JSON.parse((await client.get("/me")).text).user;

describe("npm run demo", function () {
  this.timeout(240_000);
  let demo: Demo;
  before(() => {
    demo = new Demo();
  });
  after(() => demo.remove());

  /** Starts the demo, unless an earlier test has left it running: a start takes seconds. */
  async function running(...words: string[]): Promise<void> {
    if (demo.exited) await demo.start(...words);
  }

  it("prints working links and names, keeps its data, and starts clean with --reset", async () => {
    await demo.start();
    const first = demo.password;
    assert.match(demo.output, new RegExp(`${demo.url}/demo`));
    assert.match(demo.output, new RegExp(`AI agent of another company: +${demo.agentUrl}`));
    for (const name of ["ada@acme.example", "grace@acme.example", "barbara@globex.example"]) {
      assert.ok(demo.output.includes(name), name);
    }
    const visitor = await owner(demo);
    const ada = await userOf(visitor);
    assert.deepEqual([ada.givenName, ada.role], ["Ada", "owner"]);
    assert.match((await visitor.get("/tasks")).text, /Review the launch checklist/); // sample domain
    await demo.stop();

    await demo.start();
    assert.equal(demo.password, first, "the password stays");
    const returning = demo.client(visitor.cookies);
    assert.deepEqual(await userOf(returning), ada, "the visitor is signed in still");
    await demo.stop();

    await demo.start("--reset");
    assert.equal(await userOf(demo.client(visitor.cookies)), undefined, "the session went with the data");
    const clean = await owner(demo);
    assert.equal((await userOf(clean)).role, "owner");
    assert.match((await clean.get("/tasks")).text, /Review the launch checklist/); // sample domain
  });

  it("is provisioned by the org over SCIM when it starts", async () => {
    await running("--reset");
    const log = await (await fetch(`${demo.orgUrl}/admin/reports/system-log`)).text();
    // The org looks up and creates seven people, and looks up, creates, names and fills four groups.
    assert.match(log, /(3\d|4\d) calls since the start/);
    assert.match(log, /POST \/scim\/v2\/Users/);
    assert.match(log, /PATCH \/scim\/v2\/Groups/);
    assert.doesNotMatch(log, /badge problem/);
    // A file and an IPC message fill the org; it has no URL for that.
    const control = { method: "POST", headers: { origin: demo.orgUrl } };
    assert.equal((await fetch(`${demo.orgUrl}/demo/seed`, control)).status, 404);
  });

  it("explains a taken port, and names the remedy", async () => {
    await running();
    const second = new Demo();
    try {
      second.run([demo.port, await freePort(), await freePort()]);
      assert.notEqual(await second.ended, 0);
      assert.match(second.output, /Port \d+ is taken\. PORT=4000 npm run demo/);
      assert.doesNotMatch(second.output, /is ready/);
      second.run([await freePort(), demo.orgPort, await freePort()]);
      assert.notEqual(await second.ended, 0);
      assert.match(second.output, new RegExp(`Port ${demo.orgPort} is taken`));
      second.run([await freePort(), await freePort(), demo.agentPort]);
      assert.notEqual(await second.ended, 0);
      assert.match(second.output, new RegExp(`Port ${demo.agentPort} is taken`));
    } finally {
      await second.remove();
    }
  });

  it("refuses to empty a database that has tenants but none of the demo's", async () => {
    const other = await createTestDatabase("SQLite");
    const mistaken = new Demo({ DEMO_DATABASE_URL: other.url });
    try {
      await createTestTenant(other.database);
      const before = await systemStore(other.database).tenants.list();
      mistaken.run([await freePort(), await freePort(), await freePort()], ["--reset"]);
      await until("it has ended", () => mistaken.exited, 60);
      assert.notEqual(await mistaken.ended, 0);
      assert.match(mistaken.output, /none of the demo's\. It is left as it is: see DEMO_DATABASE_URL/);
      const reset = await mistaken.script("admin", "--", "demo", "reset");
      assert.equal(reset.code, 1);
      assert.deepEqual(await systemStore(other.database).tenants.list(), before);
    } finally {
      await mistaken.remove();
      await other.dispose();
    }
  });

  it("refuses unknown options", async () => {
    const mistaken = new Demo();
    try {
      mistaken.run([await freePort(), await freePort(), await freePort()], ["--rset"]);
      assert.equal(await mistaken.ended, 1);
      assert.match(mistaken.output, /npm run demo knows --reset and --okta, not --rset/);
    } finally {
      await mistaken.remove();
    }
  });

  it("is in its initial state after npm run admin -- demo reset, running or stopped", async () => {
    await running();
    const visitor = await owner(demo);
    await visitor.post("/tasks", { title: "Mine alone" }); // sample domain
    const whileRunning = await demo.script("admin", "--", "demo", "reset", "--json");
    assert.deepEqual([whileRunning.code, whileRunning.stdout.trim()], [0, '{"reset":true}']);
    assert.equal(await userOf(visitor), undefined, "signed out");
    assert.doesNotMatch((await (await owner(demo)).get("/tasks")).text, /Mine alone/); // sample domain
    const org = await (await fetch(`${demo.orgUrl}/login`)).text();
    assert.match(org, /grace@acme\.example/);
    const kept = await owner(demo);
    await demo.stop();

    // The command ignores the database of .env: here, one that does not answer.
    writeFileSync(join(demo.folder, ".env"), "DATABASE_URL=postgres://127.0.0.1:9/app\n");
    const stopped = await demo.script("admin", "--", "demo", "reset", "--json");
    assert.deepEqual([stopped.code, stopped.stdout.trim()], [0, '{"reset":true}']);
    await demo.start();
    assert.equal(await userOf(demo.client(kept.cookies)), undefined);
    await owner(demo);
  });

  it("accepts a reset only with its secret or from its own page", async () => {
    await running();
    const reset = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${demo.port}/demo/reset`, { method: "POST", redirect: "manual", headers });
    assert.equal((await reset({ origin: "https://evil.example" })).status, 403);
    assert.equal((await reset({ origin: demo.url, "sec-fetch-site": "cross-site" })).status, 403);
  });

  describeInBrowser("in the browser", (browser) => {
    it("the sign-in page lists the accounts, and the owner's password works", async () => {
      await running();
      const page = await browser.open();
      await page.goto(`${demo.url}/login`);
      const names = page.getByRole("complementary", { name: "Who can sign in to this demo" });
      await names.getByText(demo.password).first().waitFor();
      await names.getByRole("link", { name: "barbara@globex.example" }).click();
      await page.getByLabel("Login name").fill("barbara@globex.example");
      await page.getByLabel("Password").fill(demo.password);
      await page.keyboard.press("Enter");
      await page.waitForURL(`**${landingPath}`);
      await page.getByText("Globex Gardens").first().waitFor();
      await page.getByText("Repot the lemon trees").first().waitFor(); // sample domain
    });

    it("is reset from its page", async () => {
      await running();
      const visitor = await owner(demo);
      await visitor.post("/tasks", { title: "Mine alone" }); // sample domain
      const page = await browser.open();
      await page.goto(`${demo.url}/demo/acme/all`);
      await page.getByText("grace@acme.example, member, managed by SCIM").first().waitFor();
      await page.getByRole("button", { name: "Reset the demo" }).click();
      await page.waitForURL(`${demo.url}/demo/acme/tile`);
      await page.locator("#now").getByText("signed in nowhere").waitFor();
      assert.equal(await userOf(visitor), undefined, "signed out");
      assert.doesNotMatch((await (await owner(demo)).get("/tasks")).text, /Mine alone/); // sample domain
    });
  });

  describe("when it is stopped", () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      it(`leaves nothing running after ${signal}`, async () => {
        await running();
        const ports = [demo.port, demo.orgPort, demo.agentPort];
        assert.deepEqual(await Promise.all(ports.map(listens)), [true, true, true]);
        await demo.stop(signal);
        await until(
          "nothing listens any more",
          async () => !(await Promise.all(ports.map(listens))).includes(true),
          5,
        );
      });
    }
  });
});
