import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readDemoSettings } from "../environment.ts";
import { InvalidError } from "../errors.ts";
import type { Command } from "./command.ts";

const demo = fileURLToPath(new URL("../demo/main.ts", import.meta.url));

/** A production image does not contain the demo, so it is called over HTTP or run as a program, never imported. */
export const demoCommands: Command[] = [
  {
    name: "demo reset",
    usage: "[--json]",
    summary: "Reset the demo to its initial state",
    async runWithoutDatabase() {
      if (!existsSync(demo)) throw new InvalidError("This installation has no demo.");
      if (!(await resetRunning())) await resetStopped();
      return { json: { reset: true }, text: "The demo has been reset." };
    },
  },
];

/** Has a running demo reset itself and its org. Returns false if no demo runs. Throws InvalidError if the reset failed. */
async function resetRunning(): Promise<boolean> {
  const { DEMO_RESET_URL: url = "", DEMO_CONTROL_SECRET: secret, BASE_URL: origin = "" } = readDemoSettings();
  const headers = { authorization: `Bearer ${secret}`, origin };
  const answer = await fetch(url, { method: "POST", headers, redirect: "manual" }).catch(() => null);
  if (answer === null) return false;
  if (answer.status !== 204)
    throw new InvalidError(`The program at ${url} is not this demo, or could not be reset.`);
  return true;
}

async function resetStopped(): Promise<void> {
  const child = spawn(process.execPath, ["--import", "tsx", demo, "--reset-only"], {
    stdio: ["ignore", 2, 2],
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new InvalidError("The demo could not be reset.");
}
