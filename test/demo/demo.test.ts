import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { landingPath } from "../../src/web/home.ts";
import { describeInBrowser } from "../helpers/browser.ts";
import { Client } from "../helpers/client.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { freePort } from "../helpers/postgres-server.ts";
import { until } from "../helpers/processes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const parts = [
  "config",
  "migrations",
  "node_modules",
  "package-lock.json",
  "package.json",
  "public",
  "scripts",
];

/** The repository in a folder of its own, so that the data of a demo is not the developer's. */
function copyOfRepository(): string {
  const folder = mkdtempSync(join(tmpdir(), "starter-demo-"));
  for (const part of [...parts, "src", "tsconfig.json", "views"])
    symlinkSync(join(root, part), join(folder, part));
  mkdirSync(join(folder, "data"));
  return folder;
}

/** `npm run demo`, as somebody types it. */
class Demo {
  port = 0;
  output = "";
  #child!: ChildProcess;
  #ended!: Promise<number | null>;
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async start(...words: string[]): Promise<void> {
    this.port = await freePort();
    this.run(this.port, words);
    await until("the demo is ready", () => /Ctrl-C stops it/.test(this.output) || this.exited, 60);
    assert.match(this.output, /is ready/);
  }

  run(port: number, words: string[] = []): void {
    this.port = port;
    this.output = "";
    const { PATH = "", HOME = "" } = process.env;
    this.#child = spawn("npm", ["run", "--silent", "demo", ...(words.length > 0 ? ["--", ...words] : [])], {
      cwd: this.folder,
      env: { PATH, HOME, PORT: String(port) },
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own, so that nothing of it outlives a failed test.
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
    this.#ended = new Promise((resolve) => this.#child.once("close", resolve));
  }

  get exited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get ended(): Promise<number | null> {
    return this.#ended;
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    // Ctrl-C reaches the whole group; whoever ends a program tells npm alone.
    if (signal === "SIGINT") process.kill(-(this.#child.pid as number), signal);
    else this.#child.kill(signal);
    await this.#ended;
  }

  /** Whatever the state of the test: no process stays. */
  async kill(): Promise<void> {
    try {
      process.kill(-(this.#child.pid as number), "SIGKILL");
    } catch {
      // All of them have ended.
    }
    await this.#ended;
  }

  get password(): string {
    return /The password of all of them: (\S+)/.exec(this.output)?.[1] ?? "";
  }

  /** @param cookies of a browser that was here before, at whichever port. */
  client(cookies = new Map<string, string>()): Client {
    const client = new Client(`http://127.0.0.1:${this.port}`, `http://localhost:${this.port}`);
    for (const [name, value] of cookies) client.cookies.set(name, value);
    return client;
  }

  async signedIn(): Promise<Client> {
    const client = this.client();
    assertRedirect(await client.signIn("acme", "ada@acme.example", this.password), landingPath);
    return client;
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

describe("npm run demo", function () {
  this.timeout(60_000);
  let demo: Demo;
  before(() => {
    demo = new Demo(copyOfRepository());
  });
  afterEach(() => demo.kill());
  after(() => rmSync(demo.folder, { recursive: true, force: true }));

  it("prints links and names that work, keeps its data, and starts clean when told to", async () => {
    await demo.start();
    const first = demo.password;
    assert.match(demo.output, new RegExp(`http://localhost:${demo.port}/login/password/acme`));
    for (const name of ["ada@acme.example", "grace@acme.example", "barbara@globex.example"]) {
      assert.ok(demo.output.includes(name), name);
    }
    const visitor = await demo.signedIn();
    const whoIs = async () => JSON.parse((await demo.client(visitor.cookies).get("/me")).text).user;
    const ada = await whoIs();
    assert.deepEqual([ada.givenName, ada.role], ["Ada", "owner"]);
    assert.match((await visitor.get("/tasks")).text, /Review the launch checklist/); // sample product
    await demo.stop();

    await demo.start();
    assert.equal(demo.password, first, "the password stays");
    assert.deepEqual(await whoIs(), ada, "the visitor is signed in still");
    await demo.signedIn();
    await demo.stop();

    await demo.start("--reset");
    assert.equal(await whoIs(), undefined, "the visitor's session went with the data");
    const clean = await demo.signedIn();
    assert.equal(JSON.parse((await clean.get("/me")).text).user.role, "owner");
    assert.match((await clean.get("/tasks")).text, /Review the launch checklist/); // sample product
    await demo.stop();
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`leaves nothing running after ${signal}`, async () => {
      await demo.start();
      assert.equal(await listens(demo.port), true);
      await demo.stop(signal);
      await until("nobody listens", async () => !(await listens(demo.port)), 5);
    });
  }

  it("says so when its port is taken, and names the way out", async () => {
    await demo.start();
    const second = new Demo(copyOfRepository());
    try {
      second.run(demo.port);
      assert.notEqual(await second.ended, 0);
      assert.match(second.output, /Port \d+ is taken\. PORT=4000 npm run demo/);
      assert.doesNotMatch(second.output, /is ready/);
    } finally {
      await second.kill();
      rmSync(second.folder, { recursive: true, force: true });
    }
  });

  it("does not take an option that it does not know", async () => {
    demo.run(await freePort(), ["--rset"]);
    assert.equal(await demo.ended, 1);
    assert.match(demo.output, /npm run demo knows --reset, not --rset/);
  });

  describeInBrowser("in the browser", (browser) => {
    it("the printed link, name and password lead into the product", async () => {
      await demo.start();
      const page = await browser.open();
      await page.goto(/http:\/\/localhost:\d+\/login\/password\/globex/.exec(demo.output)?.[0] ?? "");
      await page.getByLabel("Login name").fill("barbara@globex.example");
      await page.getByLabel("Password").fill(demo.password);
      await page.keyboard.press("Enter");
      await page.waitForURL(`**${landingPath}`);
      await page.getByText("Globex Gardens").first().waitFor();
      await page.getByText("Repot the lemon trees").first().waitFor(); // sample product
    });
  });
});
