import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { demoFile, readEnvironmentFile } from "../environment.ts";
import { InvalidError } from "../errors.ts";
import type { Command } from "./command.ts";

const demo = fileURLToPath(new URL("../demo/main.ts", import.meta.url));

/** The demo is a program of its own, which a production image does not contain: it is asked or run, not imported. */
export const demoCommands: Command[] = [
  {
    name: "demo reset",
    usage: "[--json]",
    summary: "Make the demo as new",
    async runWithoutDatabase() {
      if (!existsSync(demo)) throw new InvalidError("This installation has no demo.");
      if (!(await resetRunning())) await resetStopped();
      return { json: { reset: true }, text: "The demo is as new." };
    },
  },
];

/** Whether a demo runs; it has reset itself then, with the org beside it. Throws InvalidError when it could not. */
async function resetRunning(): Promise<boolean> {
  const {
    DEMO_RESET_URL: url = "",
    DEMO_CONTROL_SECRET: secret,
    BASE_URL: origin = "",
  } = readEnvironmentFile(demoFile);
  const headers = { authorization: `Bearer ${secret}`, origin };
  const answer = await fetch(url, { method: "POST", headers, redirect: "manual" }).catch(() => null);
  if (answer === null) return false;
  if (answer.status !== 204)
    throw new InvalidError(`What runs at ${url} is not this demo, or could not be reset.`);
  return true;
}

async function resetStopped(): Promise<void> {
  const child = spawn(process.execPath, ["--import", "tsx", demo, "--reset-only"], {
    stdio: ["ignore", 2, 2],
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new InvalidError("The demo could not be reset.");
}
