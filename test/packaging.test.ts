import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./helpers/postgres-server.ts";

/** The packages of this repository that the application runs on. */
const runtimePackages = [
  "okta-labels",
  "policy-list",
  "saml-policy", // SAML
  "scim-server",
];
const applicationOnly = [
  "--omit=dev",
  "--include-workspace-root",
  ...runtimePackages.map((name) => `--workspace=packages/${name}`),
];

/**
 * The image of the Dockerfile, built without a container engine. The packages are those that npm counts as production's,
 * copied from this checkout: a new install would compile SQLite and prove no more.
 */
describe("the production image", () => {
  let image: string;
  let child: ChildProcess | undefined;

  before(function () {
    this.timeout(900_000);
    image = mkdtempSync(join(tmpdir(), "starter-image-"));
    copyContext(image);
    copyPackages(image);
  });

  after(() => {
    child?.kill("SIGKILL");
    rmSync(image, { recursive: true, force: true });
  });

  it("contains the files of the server, and no test, demo, documentation or secret", () => {
    for (const needed of [
      "src/server.ts",
      "src/cli/main.ts",
      "views",
      "public",
      "migrations",
      "config/env.example",
      "docs/guides/oidc.pdf",
      ...runtimePackages.map((name) => `packages/${name}/src`),
    ]) {
      assert.ok(existsSync(join(image, needed)), needed);
    }
    for (const unwanted of [
      "packages/oin-kit",
      "packages/okta-stand-in",
      ...runtimePackages.flatMap((name) => [`packages/${name}/test`, `packages/${name}/README.md`]),
      "tools",
      "src/demo",
      "views/demo",
      "public/demo",
      "test",
      "docs/decisions",
      "docs/oin",
      "data",
      ".git",
      ".env",
      ".ci",
    ]) {
      assert.ok(!existsSync(join(image, unwanted)), unwanted);
    }
  });

  it("contains no development package, and none that only other workspaces need", () => {
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
      packages: Record<string, { dev?: boolean; link?: boolean }>;
    };
    const development = Object.keys(packages).filter(
      (path) => packages[path]?.dev || (packages[path]?.link && !runtimePackages.includes(basename(path))),
    );
    development.push("node_modules/oidc-provider");
    assert.ok(development.length > 50, "the lock file tells development packages apart");
    assert.deepEqual(
      development.filter((path) => existsSync(join(image, path))),
      [],
    );
    assert.ok(readdirSync(join(image, "node_modules")).length > 50);
  });

  it("migrates, starts with the Dockerfile's command, answers, and stops on SIGTERM", async function () {
    this.timeout(180_000);
    const port = await freePort();
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: String(port),
      BASE_URL: `http://localhost:${port}`,
      DATABASE_URL: join(image, "data", "app.sqlite"),
      LOG_LEVEL: "info",
      SESSION_SECRET: "0123456789abcdefghijklmnopqrstuvwxyz",
      DATA_KEY: Buffer.from("0123456789abcdefghijklmnopqrstuv").toString("base64"),
    };
    execFileSync("npm", ["run", "migrate"], { cwd: image, env, stdio: "ignore" });
    assert.ok(!existsSync(join(image, "node_modules/.installed-for")), "nothing had to be installed");
    const [program = "", ...words] = serverCommand();
    child = spawn(program, words, { cwd: image, env, stdio: "ignore" });
    assert.equal(await readiness(port), 200);
    assert.equal((await fetch(`http://127.0.0.1:${port}/login`)).status, 200);
    const ended = new Promise((resolve) => child?.once("exit", resolve));
    child.kill("SIGTERM");
    assert.equal(await ended, 0);
  });

  it("has no packages of OpenTelemetry, and refuses to start without them if a collector is set", () => {
    const [program = "", ...words] = serverCommand();
    const { status, stderr } = spawnSync(program, words, {
      cwd: image,
      encoding: "utf8",
      env: {
        ...{ PATH: process.env.PATH, PORT: "0", BASE_URL: "http://localhost:3000", LOG_LEVEL: "silent" },
        ...{
          DATABASE_URL: join(image, "data", "traced.sqlite"),
          OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
        },
        SESSION_SECRET: "0123456789abcdefghijklmnopqrstuvwxyz",
        DATA_KEY: Buffer.from("0123456789abcdefghijklmnopqrstuv").toString("base64"),
      },
    });
    assert.equal(status, 1);
    assert.match(stderr, /OpenTelemetry is not installed: see docs\/how-to\/observe\.md/);
  }).timeout(60_000);

  it("installs the application's packages, and runs only the scripts that package.json allows", () => {
    const installs = readFileSync("Dockerfile", "utf8").match(/^RUN npm .*$/gm) ?? [];
    assert.equal(installs.length, 1);
    assert.ok(installs[0]?.startsWith(`RUN npm ci ${applicationOnly.join(" ")} --strict-allow-scripts `));
  });

  it("runs the same program as npm start", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: { start: string } };
    assert.equal(scripts.start, serverCommand().join(" "));
  });
});

/** The command of the Dockerfile's last stage. It is not `npm start`: npm ends at a SIGTERM but leaves the server running. */
function serverCommand(): string[] {
  const line = readFileSync("Dockerfile", "utf8").match(/^CMD (\[.*\])$/m)?.[1] ?? "[]";
  return JSON.parse(line) as string[];
}

/** The last answer of /readyz: the server listens before it is ready. */
async function readiness(port: number): Promise<number | null> {
  let status: number | null = null;
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) {
    status = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (answer) => answer.status,
      () => null,
    );
    if (status === 200) break;
  }
  return status;
}

/** Copies the packages that the Dockerfile's `npm ci` would install. npm lists nested packages, too. */
function copyPackages(target: string): void {
  const words = ["ls", ...applicationOnly, "--all", "--parseable"];
  const [root = "", ...packages] = execFileSync("npm", words, { encoding: "utf8" }).trim().split("\n");
  assert.ok(packages.length > 50, "npm listed the packages");
  for (const from of packages) {
    const nested = join(from, "node_modules");
    const to = join(target, relative(root, from));
    cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter: (path) => path !== nested });
  }
  // npm keeps a list of the installed packages, which scripts/install-when-needed.mjs reads.
  const list = "node_modules/.package-lock.json";
  const installed = JSON.parse(readFileSync(list, "utf8")) as { packages: Record<string, unknown> };
  const copied = new Set(packages.map((from) => relative(root, from)));
  installed.packages = Object.fromEntries(
    Object.entries(installed.packages).filter(([path]) => copied.has(path)),
  );
  writeFileSync(join(target, list), JSON.stringify(installed));
}

/** Executes the COPY lines of the last stage, except for files that .dockerignore names. */
function copyContext(target: string): void {
  const stages = readFileSync("Dockerfile", "utf8").split(/^FROM /m);
  const lines = (stages.at(-1) ?? "")
    .split("\n")
    .filter((line) => line.startsWith("COPY ") && !line.includes("--from"));
  assert.ok(lines.length >= 6, "the Dockerfile's COPY lines were found");
  for (const line of lines) {
    const words = line.split(/\s+/).slice(1);
    const destination = words.pop() ?? "";
    for (const source of words) {
      const to = destination.endsWith("/") ? join(target, destination, source) : join(target, destination);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(source, to, { recursive: true, filter: (path) => !isIgnored(path) });
    }
  }
}

/** The last line of .dockerignore that matches a path decides; `!` includes it again. */
function isIgnored(path: string): boolean {
  const lines = readFileSync(".dockerignore", "utf8").split("\n");
  const matching = lines.filter((line) => line !== "" && !line.startsWith("#") && patternOf(line).test(path));
  return matching.length > 0 && !matching.at(-1)?.startsWith("!");
}

function patternOf(line: string): RegExp {
  const pattern = line.replace("!", "").replaceAll(".", "\\.").replaceAll("*", "[^/]*");
  return new RegExp(`^${pattern}$`);
}
