import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { createLog } from "../../src/log.ts";
import { type EventCall, eventHandler } from "../../src/outbox/events.ts";
import { addJob, type JobKind, jobHandler } from "../../src/outbox/jobs.ts";
import { nextRun, type RecurringJob, recurringSource } from "../../src/outbox/recurring.ts";
import { openRunner } from "../../src/outbox/runner.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { type CodeBlock, codeBlocks } from "../helpers/docs.ts";
import { handlersOf } from "../helpers/outbox.ts";
import { createTestTenant, newUser, provisioned } from "../helpers/people.ts";

const pages = ["docs/how-to/react-to-changes.md", "docs/how-to/run-background-jobs.md"] as const;
const [eventsPage, jobsPage] = pages;

interface Received {
  request: string;
  key: string | undefined;
  body: unknown;
}

/** Follows the pages: runs their commands in a copy of the files that they change, and their code against a CRM. */
describe("events and jobs as the how-tos say", () => {
  let folder: string;
  let crm: Server;
  let received: Received[];
  let status: number;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "starter-events-"));
    crm = createServer(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const key = req.headers["idempotency-key"] as string | undefined;
      received.push({
        request: `${req.method} ${req.url}`,
        key,
        body: JSON.parse(`${Buffer.concat(chunks)}`),
      });
      res.writeHead(status).end();
    });
    await new Promise<void>((resolve) => crm.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    crm.closeAllConnections();
    await new Promise((resolve) => crm.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    received = [];
    status = 200;
  });

  /** Loads a file of a page, with the CRM at its address in this test. */
  async function load<T>(page: string, name?: string): Promise<T> {
    const blocks = codeBlocks(page).filter(({ file }) => (name ? file === name : file !== null));
    const block = blocks[0] as CodeBlock & { file: string };
    const url = `http://127.0.0.1:${(crm.address() as AddressInfo).port}`;
    assert.ok(name ?? block.text.includes("https://crm.example"));
    const path = join(folder, block.file);
    mkdirSync(dirname(path), { recursive: true });
    const zod = pathToFileURL("node_modules/zod/index.js").href;
    const text = block.text
      .replace("https://crm.example", url)
      .replace('from "zod"', `from "${zod}"`)
      .replaceAll('from "../', `from "${pathToFileURL("src").href}/`);
    writeFileSync(path, text);
    return (await import(pathToFileURL(path).href)) as T;
  }

  it("run the commands of the pages", () => {
    const copy = join(folder, "copy");
    const files = ["config/events.ts", "src/product.ts", "test/product.ts"];
    for (const file of files) cpSync(file, join(copy, file));
    for (const page of pages)
      for (const { language, text } of codeBlocks(page))
        if (language === "sh") execFileSync("sh", ["-ec", text], { cwd: copy });
    const [config = "", product = "", rooms = ""] = files.map((file) =>
      readFileSync(join(copy, file), "utf8"),
    );
    assert.match(config, /subscriptions = \{\n {2}tellCrm: \["personCreated"/);
    assert.match(product, /EventHandlers = \{\n {2}tellCrm,/);
    assert.match(product, /JobKind\[\] = \[sendPeople\]/);
    assert.match(product, /RecurringJob\[\] = \[sendEveryNight\]/);
    assert.match(product, /import \{ sendEveryNight \} from "\.\/crm\/nightly\.ts";/);
    assert.match(product, /import \{ tellCrm \} from "\.\/crm\/events\.ts";/);
    assert.match(rooms, /crm: \["ground", "store", "outbox"\]/);
  });

  onOneDatabase((use) => {
    it("copy a person to the CRM, and try again after an error", async () => {
      const { tellCrm } = await load<{ tellCrm(call: EventCall): Promise<void> }>(eventsPage);
      const database = use().openAnother({ tellCrm: ["personCreated"] });
      const { store, writer } = await createTestTenant(database);
      await database.sql()("outbox").delete();
      const sent = provisioned("ada@acme.example", { displayName: "Ada" });
      const { id } = await provisionUser(store, writer, sent);
      const handlers = handlersOf({ event: eventHandler(database, { tellCrm }) });
      const log = createLog("silent");
      status = 503;
      await openRunner({ database, log, handlers }).runDue();
      status = 200;
      await openRunner({ database, log, handlers, now: () => Date.now() + 60_000 }).runDue();
      const body = { id, name: "Ada", active: true };
      assert.deepEqual(
        received.map(({ request, body: got }) => ({ request, body: got })),
        [1, 2].map(() => ({ request: `PUT /contacts/${id}`, body })),
      );
      assert.equal(new Set(received.map(({ key }) => key)).size, 1);
    });

    it("send all people, page by page", async () => {
      const { sendPeople } = await load<{ sendPeople: JobKind<{ after: number }> }>(jobsPage);
      const { database } = use();
      const { store } = await createTestTenant(database);
      for (let count = 0; count < 130; count++) await store.users.create(newUser(`p${count}@acme.example`));
      await database.sql()("outbox").delete();
      await addJob(store, sendPeople, { after: 0 });
      const handlers = handlersOf({ job: jobHandler(database, [sendPeople]) });
      const runner = openRunner({ database, log: createLog("silent"), handlers });
      while ((await runner.runDue()) > 0);
      assert.deepEqual(
        received.map(({ body }) => (body as unknown[]).length),
        [100, 30],
      );
      assert.equal(new Set(received.map(({ key }) => key)).size, 2);
      const states = await database.sql()("outbox").distinct("state");
      assert.deepEqual(states, [{ state: "sent" }]);
    });

    it("begin later, and every night for each tenant", async () => {
      const { sendPeople } = await load<{ sendPeople: JobKind<{ after: number }> }>(jobsPage);
      const nightly = "src/crm/nightly.ts";
      const { sendEveryNight } = await load<{ sendEveryNight: RecurringJob }>(jobsPage, nightly);
      const { database } = use();
      const log = createLog("silent");
      let now = Date.now();
      const [one, two] = [await createTestTenant(database), await createTestTenant(database)];
      for (const { store } of [one, two]) await store.users.create(newUser("ada@acme.example"));
      await database.sql()("outbox").delete();
      const sources = [recurringSource([sendEveryNight], { database, log, now: () => now })];
      const handlers = handlersOf({ job: jobHandler(database, [sendPeople]) });
      const runner = openRunner({ database, log, handlers, sources, now: () => now });
      await addJob(one.store, sendPeople, { after: 0 }, { runAt: now + 3_600_000 });
      await runner.runDue();
      assert.deepEqual(received, []);
      now += 3_600_000;
      while ((await runner.runDue()) > 0);
      assert.equal(received.length, 1);
      now = nextRun(sendEveryNight, now + 86_400_000);
      assert.equal(new Date(now).toISOString().slice(11), "03:00:00.000Z");
      received = [];
      while ((await runner.runDue()) > 0);
      const tenants = (await database.sql()("tenants").select("id")).length;
      const waiting = await database.sql()("outbox").whereNot("state", "sent");
      assert.deepEqual(waiting, []);
      assert.ok(
        received.length >= 2 && received.length <= tenants * 2,
        "both tenants, and those of other tests",
      );
    });

    it("refuse data that the kind does not allow", async () => {
      const { sendPeople } = await load<{ sendPeople: JobKind<{ after: number }> }>(jobsPage);
      const { store } = await createTestTenant(use().database);
      await assert.rejects(addJob(store, sendPeople, { after: "x" as unknown as number }), /expected number/);
    });
  });
});
