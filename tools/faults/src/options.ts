import { parseArgs } from "node:util";
import { type Engine, engines } from "../../../test/helpers/databases.ts";
import type { PlannedFault } from "./fault.ts";
import { faults } from "./faults.ts";

export const usage =
  "npm run faults -- [--only kill-app,disk-full] [--engine sqlite|postgresql] [--seconds n]";

export class UsageError extends Error {}

export interface Options {
  only: readonly PlannedFault[];
  engines: readonly Engine[];
  seconds: number;
}

export function readOptions(words: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ args: [...words], options: { only: text, engine: text, seconds: text } });
  const names = [...new Set(faults.map(({ name }) => name))];
  const wanted = values.only?.split(",") ?? names;
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no fault "${unknown}": ${names.join(", ")}`);
  const chosen = engines.filter((engine) =>
    [undefined, engine.toLowerCase()].includes(values.engine?.toLowerCase()),
  );
  if (chosen.length === 0)
    throw new UsageError(`there is no engine "${values.engine}": ${engines.join(", ")}`);
  const only = faults.filter(({ name }) => wanted.includes(name));
  if (!only.some((fault) => fault.engines.some((engine) => chosen.includes(engine))))
    throw new UsageError(
      `"${values.only}" concerns ${[...new Set(only.flatMap((one) => one.engines))]} only`,
    );
  const seconds = values.seconds ?? "4";
  if (!/^[1-9]\d{0,3}$/.test(seconds)) throw new UsageError("--seconds is a whole number");
  return {
    only,
    engines: chosen,
    seconds: Number(seconds),
  };
}
