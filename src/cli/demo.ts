import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InvalidError } from "../errors.ts";
import type { Command } from "./command.ts";

const demo = fileURLToPath(new URL("../demo/main.ts", import.meta.url));

/** The demo is a program of its own, which a production image does not contain: it is run, not imported. */
export const demoCommands: Command[] = [
  {
    name: "demo reset",
    usage: "[--json]",
    summary: "Make the demo as new",
    async runWithoutDatabase() {
      if (!existsSync(demo)) throw new InvalidError("This installation has no demo.");
      const child = spawn(process.execPath, ["--import", "tsx", demo, "--reset-only"], {
        stdio: ["ignore", 2, 2],
      });
      const code = await new Promise((resolve) => child.once("close", resolve));
      if (code !== 0) throw new InvalidError("The demo could not be reset.");
      return { json: { reset: true }, text: "The demo is as new." };
    },
  },
];
