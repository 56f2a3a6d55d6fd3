import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Demo } from "../helpers/demo.ts";
import { addressesIn, assertShown, tutorialSteps } from "../helpers/tutorial.ts";

const folder = "docs/tutorial";
/** First steps is read in a browser: its commands start the demo, or ask questions on a terminal. */
const pages = readdirSync(folder).filter((name) => name !== "first-steps.md");
/** Between the outputs of two blocks. */
const mark = "--- next block ---";

/** Runs the commands of each page in one shell, in order, next to one demo. */
describe("the tutorials", function () {
  this.timeout(180_000);
  let demo: Demo;
  before(async () => {
    demo = new Demo();
    await demo.start();
  });
  after(() => demo.remove());

  /** The demo of this test has other ports than the reader's. */
  const here = (written: string) =>
    written
      .replaceAll("localhost:3000", `localhost:${demo.port}`)
      .replaceAll("localhost%3A3000", `localhost%3A${demo.port}`)
      .replaceAll("127.0.0.1:3001", `127.0.0.1:${demo.orgPort}`)
      .replaceAll("127.0.0.1%3A3001", `127.0.0.1%3A${demo.orgPort}`)
      .replaceAll("127.0.0.1:3002", `127.0.0.1:${demo.agentPort}`);

  async function run(script: string): Promise<string> {
    const { PATH = "", HOME = "" } = process.env;
    const shell = spawn("bash", ["-s"], { cwd: demo.folder, env: { PATH, HOME } });
    shell.stdin.end(script);
    const [printed, complaints] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
    assert.equal(complaints, "");
    return printed;
  }

  for (const page of pages) {
    it(`${page} works as it is written`, async () => {
      const steps = tutorialSteps(join(folder, page));
      assert.ok(steps.filter(({ shown }) => shown !== null).length >= 3, "the page shows what happens");
      const script = steps.map(({ commands }) => here(commands)).join(`\necho "${mark}"\n`);
      const printed = (await run(script)).split(`${mark}\n`);
      assert.equal(printed.length, steps.length);
      for (const [index, { commands, shown }] of steps.entries())
        assertShown(printed[index] ?? "", here(shown ?? ""), `${page}: ${commands}`);
    });

    it(`${page} leads to pages that exist`, async () => {
      for (const url of addressesIn(join(folder, page)))
        assert.ok((await fetch(here(url), { redirect: "manual" })).status < 400, url);
    });
  }
});
