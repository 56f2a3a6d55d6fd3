import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { htmlReport } from "oin-kit/check/html-report";
import { areas } from "oin-kit/check/rules/rule";
import type { CheckOutcome } from "oin-kit/check/run";
import { brand } from "../../../config/brand.ts";
import { apiScopes } from "../../../config/integration.ts";
import { connectionTypes } from "../../../src/sign-in-protocols.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import { until } from "../../helpers/processes.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";
import { scimClient } from "../../helpers/scim.ts";

interface Run {
  child: ChildProcess;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** `npm run oin:check -- …`, with a token on standard input. */
function start(words: string[], stdin = "", cwd = process.cwd()): Run {
  const program = resolve("packages/oin-kit/bin/oin-check.js");
  const child = spawn(process.execPath, [program, ...words], { cwd });
  child.stdin.on("error", () => undefined).end(stdin);
  const ended = Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]).then(([stdout, stderr, code]) => ({ code, stdout, stderr }));
  return { child, ended };
}

/** The areas that need the deployment's address. */
const atUrl = Object.keys(areas).filter((area) => !["listing", "idp-metadata", "scim"].includes(area));

describe("npm run oin:check", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  const words = () => ["--url", ready().front.url, "--connection", ready().key];
  const withToken = [
    "--scim-token-stdin",
    "--only",
    `site,listing,${connectionTypes.join()},universal-logout,scim`,
  ];
  const leftBehind = async () => {
    const { body } = await scimClient(ready().app, ready().token).get("/Users");
    return body.Resources.filter(({ userName }: { userName: string }) => userName.startsWith("Oincheck"));
  };

  it("prints a table and a summary from an empty folder, and exits with 0 if nothing fails", async () => {
    const folder = mkdtempSync(join(tmpdir(), "starter-nowhere-"));
    try {
      const { code, stdout, stderr } = await start([...words(), ...withToken], `${ready().token}\n`, folder)
        .ended;
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /^The deployment\n/);
      assert.match(stdout, /^ {2}pass {2}scim-create +A person is created with 201$/m);
      // It knows this repository's product there, too.
      assert.match(stdout, /^ {2}pass {2}listing-name /m);
      assert.match(stdout, /^ {2}pass {2}oidc-served /m);
      assert.match(stdout, /not checkable: only Okta holds the key/);
      assert.match(stdout, /\d+ pass, 0 fail, 0 warnings, \d+ not checkable from outside\nNothing fails\./);
      assert.ok(!stdout.includes("\u001b") && !stdout.includes(ready().token));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("prints only one JSON object with --json, and the same outcome as a web page with --report html", async () => {
    const folder = mkdtempSync(join(tmpdir(), "starter-report-"));
    try {
      const file = join(folder, "report.html");
      const args = [...words(), ...withToken, "--json", "--report", "html", file];
      const { code, stdout, stderr } = await start(args, ready().token).ended;
      assert.deepEqual([code, stderr], [0, `The report is in ${file}.\n`]);
      assert.equal(stdout.trim().split("\n").length, 1);
      const outcome = JSON.parse(stdout) as CheckOutcome;
      const first6 = ["url", "scimUrl", "stopped", "summary", "results", "left"];
      const added = ["product", "connections", "startedAt", "endedAt", "tool", "leftOut", "crossAppAccess"];
      assert.deepEqual(Object.keys(outcome), [...first6, ...added]);
      assert.deepEqual([outcome.connections, outcome.leftOut], [[ready().key], ["agents", "guides"]]);
      const [first] = outcome.results;
      const members = ["rule", "area", "title", "verdict", "seen", "fix", "source"];
      assert.deepEqual(Object.keys(first ?? {}), members);
      assert.equal(outcome.summary.fail, 0);
      const written = readFileSync(file, "utf8");
      assert.equal(written, htmlReport(outcome));
      assert.ok(!written.includes(ready().token));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("writes evidence of Cross App Access for Okta, without any secret", async () => {
    const folder = mkdtempSync(join(tmpdir(), "starter-evidence-"));
    try {
      const { connections, agents } = ready().forAgents;
      const { agent, org } = agents;
      assert.ok(agent && org);
      const { clientId, clientSecret } = agent;
      const [file, evidence] = [join(folder, "agent.json"), join(folder, "evidence.json")];
      writeFileSync(file, JSON.stringify({ client: { clientId }, clientSecret }));
      const args = ["--url", ready().front.url, "--connection", connections[0] ?? "", "--only", "agents"];
      const given = ["--agent", file, "--org", org.issuer, "--scim-token-stdin", "--evidence", evidence];
      const { code, stdout, stderr } = await start([...args, ...given], ready().token).ended;
      assert.deepEqual([code, stderr], [0, `The evidence is in ${evidence}.\n`], stdout);
      const written = readFileSync(evidence, "utf8");
      const { tokenEndpoint, scopes, steps, rules } = JSON.parse(written);
      assert.equal(tokenEndpoint, `${ready().front.url}/oauth2/token`);
      assert.deepEqual(
        scopes,
        apiScopes.map(({ name }) => name),
      );
      assert.ok(steps.some(({ step }: { step: string }) => step === "A right ID-JAG for the MCP server"));
      assert.ok(rules.every(({ verdict }: { verdict: string }) => verdict === "pass"));
      for (const secret of [clientSecret, ready().token, "oinat_", "eyJ"])
        assert.ok(!written.includes(secret) && !stdout.includes(secret), secret);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("names a report that has no name", async () => {
    const folder = mkdtempSync(join(tmpdir(), "starter-report-"));
    try {
      const named = await start(["--only", "listing", "--report", "html"], "", folder).ended;
      assert.equal(named.stderr, "The report is in readiness-report.html.\n");
      assert.match(
        readFileSync(join(folder, "readiness-report.html"), "utf8"),
        new RegExp(`${brand.productName}: readiness`),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("exits with 1 without a token, because provisioning is declared, and says how to pass one", async () => {
    const { code, stdout } = await start([...words(), "--only", "scim"]).ended;
    assert.equal(code, 1);
    assert.match(stdout, /FAIL {2}scim-token-given .*\n {8}seen: .* pass one with --scim-token-stdin/);
    assert.match(stdout, /Declared, but left out of this check: The deployment; The catalog entry; /);
  });

  it("exits with 1 if a rule fails, and prints the observation, the fix and the source", async () => {
    ready().front.plant({
      answer(exchange) {
        if (exchange.method === "POST" && exchange.status === 201) exchange.status = 200;
      },
    });
    const { code, stdout } = await start([...words(), "--only", "scim", "--scim-token-stdin"], ready().token)
      .ended;
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^ {2}FAIL {2}scim-create .*\n {8}seen: {3}POST \/scim\/v2\/Users: 200.*\n {8}fix: .*\n {8}source: Okta: /m,
    );
    assert.match(stdout, /Not ready: fix what fails/);
  });

  it("needs no deployment for a SCIM server alone", async () => {
    const only = ["--only", "scim", "--scim-url", `${ready().front.url}/scim/v2/`, "--scim-token-stdin"];
    assert.equal((await start(only, ready().token).ended).code, 0);
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`stops on ${signal}, cleans up, and exits with 130`, async () => {
      ready().front.seen.length = 0;
      ready().front.plant({ answer: () => sleep(20) });
      const { child, ended } = start(
        [...words(), "--only", "scim", "--scim-token-stdin", "--json"],
        ready().token,
      );
      const created = () =>
        ready().front.seen.some(({ method, status }) => method === "POST" && status === 201);
      await until("a person was created", created, 45);
      child.kill(signal);
      const { code, stdout, stderr } = await ended;
      assert.equal(code, 130);
      assert.match(stderr, /Stopping: removing what the check created/);
      const outcome = JSON.parse(stdout) as CheckOutcome;
      assert.deepEqual([outcome.stopped, outcome.left], [true, []]);
      assert.deepEqual(await leftBehind(), []);
    });
  }

  const wrong: [what: string, words: string[], problem: RegExp][] = [
    ["a missing --url", [], new RegExp(`^--url is missing: ${atUrl.join(", ")} need it\\.`)],
    [
      "an address with a path",
      ["--url", "https://app.example.com/app"],
      /^--url is the public origin, without a path/,
    ],
    ["an invalid address", ["--url", "app.example.com"], /^--url is a web address, not "app\.example\.com"/],
    [
      "an unknown area",
      ["--url", "https://app.example.com", "--only", "oauth"],
      /^--only knows site, .*, not oauth\./,
    ],
    ["an unknown option", ["--uri", "https://app.example.com"], /^Unknown option '--uri'/],
    ["another kind of report", ["--only", "listing", "--report", "pdf"], /^--report knows html, not pdf\./],
    ["a word without an option", ["--only", "listing", "page.html"], /^"page\.html" is not an option\./],
    [
      "a report in a folder that does not exist",
      ["--only", "listing", "--report", "html", "nowhere/page.html"],
      /^nowhere\/page\.html cannot be written: ENOENT/,
    ],
    [
      "a password in an address",
      ["--only", "scim", "--scim-url", "https://okta:secret@scim.example.com/"],
      /^--scim-url has a user name or a password in it/,
    ],
    [
      "an org that the check cannot play",
      ["--url", "https://app.example.com", "--org", "https://org.example.com"],
      /^--org-port is missing: https:\/\/org\.example\.com has to forward/,
    ],
    [
      "an agent that is not one",
      ["--url", "https://app.example.com", "--agent", "package.json"],
      /^package\.json has no client ID and secret/,
    ],
    ["missing metadata", ["--only", "idp-metadata"], /^--idp-metadata is missing\./],
    [
      "an empty token",
      ["--only", "scim", "--scim-url", "http://localhost:9/", "--scim-token-stdin"],
      /standard input was empty/,
    ],
    [
      "a missing file",
      ["--only", "idp-metadata", "--idp-metadata", "nowhere.xml"],
      /^nowhere\.xml cannot be read\./,
    ],
  ];
  for (const [what, args, problem] of wrong) {
    it(`refuses ${what} with a message, and exits with 1`, async () => {
      const { code, stdout, stderr } = await start(args).ended;
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, problem);
      assert.match(stderr, /Usage: npm run oin:check -- --url URL/);
    });
  }

  it("explains its options with --help", async () => {
    const { code, stdout } = await start(["--help"]).ended;
    assert.equal(code, 0);
    assert.match(stdout, /--scim-token-stdin/);
  });
});
