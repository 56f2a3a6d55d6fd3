import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../scripts/install-when-needed.mjs", import.meta.url));

/** A fake npm: records its calls, takes a while, and installs the packages of the lock file. */
const fakeNpm = `
const { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
appendFileSync("calls.log", process.argv.slice(2).join(" ") + "\\n");
console.log("npm talks");
setTimeout(() => {
  if (process.env.FAIL) process.exit(7);
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  if (!process.argv.includes("--include=dev")) for (const [path, { dev }] of Object.entries(packages)) if (dev) delete packages[path];
  rmSync("node_modules", { recursive: true, force: true });
  mkdirSync("node_modules");
  writeFileSync("node_modules/.package-lock.json", JSON.stringify({ packages }));
}, 300);
`;

class Checkout {
  readonly folder = mkdtempSync(join(tmpdir(), "starter-install-"));

  constructor() {
    writeFileSync(join(this.folder, "fake-npm.cjs"), fakeNpm);
    writeFileSync(join(this.folder, "package.json"), JSON.stringify({ name: "tiny" }));
    this.lock("1.0.0");
  }

  /** Writes a lock file with a package of this version, a development package and an optional one. */
  lock(version: string): void {
    const packages = {
      "": { name: "tiny", dependencies: { used: version, engine: "0.1.0" } },
      "node_modules/used": { version, dependencies: { inner: "4.0.0" } },
      "node_modules/used/node_modules/inner": { version: "4.0.0" },
      "node_modules/tool": { version: "2.0.0", dev: true },
      "node_modules/other-platform": { version: "3.0.0", optional: true },
      "node_modules/engine": { resolved: "packages/engine", link: true },
      "packages/engine": { version: "0.1.0" },
      "packages/extra": { version: "0.1.0", dependencies: { helper: "5.0.0" } },
      "node_modules/helper": { version: "5.0.0" },
    };
    writeFileSync(join(this.folder, "package-lock.json"), JSON.stringify({ packages }));
  }

  /** Installs packages as a manual npm run does. */
  install(packages: Record<string, { version: string } | { resolved: string; link: boolean }>): void {
    mkdirSync(join(this.folder, "node_modules"), { recursive: true });
    writeFileSync(join(this.folder, "node_modules/.package-lock.json"), JSON.stringify({ packages }));
  }

  async run(words: string[] = [], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, [script, ...words], {
      cwd: this.folder,
      env: { npm_execpath: join(this.folder, "fake-npm.cjs"), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve) => child.once("close", resolve)),
    ]);
    return { code, stdout, stderr };
  }

  /** The calls of npm so far, one a line. */
  get calls(): string[] {
    const file = join(this.folder, "calls.log");
    return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
  }

  has(file: string): boolean {
    return existsSync(join(this.folder, file));
  }
}

const quiet = { code: 0, stdout: "", stderr: "" };

describe("scripts/install-when-needed.mjs", () => {
  let checkout: Checkout;
  beforeEach(() => {
    checkout = new Checkout();
  });
  afterEach(() => rmSync(checkout.folder, { recursive: true }));

  it("installs the packages of the lock file if none is installed, and writes to standard error only", async () => {
    const { code, stdout, stderr } = await checkout.run();
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "" });
    assert.match(stderr, /^Installing the packages of package-lock\.json/);
    assert.match(stderr, /npm talks/);
    assert.deepEqual(checkout.calls, ["ci --no-audit --no-fund --include=dev"]);
    assert.ok(!checkout.has(".installing"), "the lock is gone");
  });

  it("does nothing, silently, if nothing has changed", async () => {
    await checkout.run();
    assert.deepEqual(await checkout.run(), quiet);
    assert.equal(checkout.calls.length, 1);
  });

  it("installs again if the lock file has another version", async () => {
    await checkout.run();
    checkout.lock("1.0.1");
    assert.equal((await checkout.run()).code, 0);
    assert.equal(checkout.calls.length, 2);
    assert.deepEqual(await checkout.run(), quiet);
  });

  it("accepts a manual installation if it is complete", async () => {
    const packages = {
      "node_modules/used": { version: "1.0.0" },
      "node_modules/used/node_modules/inner": { version: "4.0.0" },
      "node_modules/tool": { version: "2.0.0" },
      "node_modules/engine": { resolved: "packages/engine", link: true },
      "packages/engine": { version: "0.1.0" },
      "packages/extra": { version: "0.1.0" },
      "node_modules/helper": { version: "5.0.0" },
    };
    checkout.install(packages);
    assert.deepEqual(await checkout.run(), quiet);
    checkout.install({ ...packages, "node_modules/used": { version: "0.9.0" } });
    await checkout.run();
    assert.equal(checkout.calls.length, 1);
  });

  it("accepts missing packages in production only if they are for development or workspaces", async () => {
    const used = {
      "node_modules/used": { version: "1.0.0" },
      "node_modules/engine": { resolved: "packages/engine", link: true },
    };
    checkout.install({ ...used, "node_modules/used/node_modules/inner": { version: "4.0.0" } });
    assert.deepEqual(await checkout.run(["--production"]), quiet);
    checkout.install(used);
    assert.equal((await checkout.run(["--production"])).code, 0);
    assert.deepEqual(checkout.calls, ["ci --no-audit --no-fund"]);
  });

  it("installs only the application's workspaces with NODE_ENV=production", async () => {
    assert.equal((await checkout.run(["--production"], { NODE_ENV: "production" })).code, 0);
    assert.deepEqual(checkout.calls, [
      "ci --no-audit --no-fund --include-workspace-root --workspace=packages/engine",
    ]);
  });

  it("installs the development packages after a production install", async () => {
    await checkout.run(["--production"]);
    await checkout.run();
    assert.deepEqual(checkout.calls, ["ci --no-audit --no-fund", "ci --no-audit --no-fund --include=dev"]);
  });

  it("fails if npm fails, reports it, and tries again the next time", async () => {
    const { code, stdout, stderr } = await checkout.run([], { FAIL: "1" });
    assert.deepEqual({ code, stdout }, { code: 7, stdout: "" });
    assert.match(stderr, /The installation failed \(npm ended with 7\)/);
    assert.ok(!checkout.has("node_modules/.installed-for"), "no stamp");
    assert.ok(!checkout.has(".installing"), "the lock is gone");
    assert.equal((await checkout.run()).code, 0);
    assert.equal(checkout.calls.length, 2);
  });

  it("installs once if several commands start at once, and all of them continue", async () => {
    const runs = await Promise.all([1, 2, 3, 4].map(() => checkout.run()));
    assert.deepEqual(
      runs.map(({ code }) => code),
      [0, 0, 0, 0],
    );
    assert.equal(checkout.calls.length, 1);
    assert.ok(checkout.has("node_modules/.package-lock.json"));
  });

  it("ignores the lock of an installation that has died", async () => {
    const dead = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => dead.once("close", resolve));
    writeFileSync(join(checkout.folder, ".installing"), String(dead.pid));
    assert.equal((await checkout.run()).code, 0);
    assert.equal(checkout.calls.length, 1);
  });

  it("explains that it must run through npm", async () => {
    const { code, stderr } = await checkout.run([], { npm_execpath: "" });
    assert.equal(code, 1);
    assert.match(stderr, /Run this through npm/);
    assert.ok(!checkout.has(".installing"));
  });
});
