import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { codeBlocks } from "../../../test/helpers/docs.ts";
import { freePort } from "../../../test/helpers/postgres-server.ts";
import { hash } from "../src/sessions.ts";

const readme = "examples/existing-app/README.md";
const run = promisify(execFile);

describe(`the commands of ${readme}`, () => {
  const blocks = codeBlocks(readme).map(({ text }) => text.trim());
  const [start = "", use = "", token = "", test = ""] = blocks;
  let child: ChildProcess | undefined;
  let port: number;
  before(async () => {
    port = await freePort();
  });
  after(() => child?.kill("SIGKILL"));

  it("start the application with the settings of env.example", async function () {
    this.timeout(120_000);
    // The environment wins over the file. Only what two tests on one machine would share is different.
    const env = {
      ...process.env,
      PORT: `${port}`,
      BASE_URL: `http://localhost:${port}`,
      DATABASE: ":memory:",
    };
    child = spawn("bash", ["-c", `exec ${start}`], { env, stdio: ["ignore", "pipe", "ignore"] });
    const { stdout } = child;
    assert.ok(stdout);
    const [line] = await once(stdout, "data");
    assert.equal(String(line), `Listening on http://localhost:${port}\n`);
  });

  it("create a user, and pass the readiness check", async function () {
    this.timeout(120_000);
    const { stdout } = await run("bash", ["-ec", use.replaceAll("localhost:3100", `localhost:${port}`)]);
    assert.match(stdout, /"userName":"ada@acme\.example"/);
    assert.match(stdout, / 0 fail, 0 warnings/);
  });

  it("stop the application by SIGTERM", async () => {
    assert.ok(child);
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });

  it("make a token and its hash", async () => {
    const [made = "", hashed = ""] = (await run("bash", ["-ec", token])).stdout.split("\n");
    assert.match(made, /^[0-9a-f]{64}$/);
    assert.ok(hashed.endsWith(hash(made)), hashed);
  });

  it("name the tests", () => assert.equal(test, "npx mocha 'examples/existing-app/test/*.test.ts'"));
});
