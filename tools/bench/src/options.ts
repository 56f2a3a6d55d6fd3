import { parseArgs } from "node:util";
import { type Engine, engines } from "../../../test/helpers/databases.ts";

const partNames = [
  "lookups",
  "pages",
  "patch",
  "growth",
  "positions",
  "tenants",
  "inspector",
  "console",
  "saml", // SAML
  "agents",
  "demo", // demo only
  "import",
] as const;
export type PartName = (typeof partNames)[number];

/** The sizes of data and loads. Every load ends after a number of calls or of seconds. */
export interface Sizes {
  /** Users of the measured tenant. */
  users: number;
  /** Users of the large and of the small tenant in the comparison of growth. */
  grownUsers: number;
  smallUsers: number;
  /** Members of the patched group, and how many of them one PATCH adds and removes. */
  members: number;
  delta: number;
  patches: number;
  /** Members of the largest group. */
  mostMembers: number;
  /** Access tokens in the large and in the small database. */
  tokens: number;
  fewTokens: number;
  /** Concurrent clients, rounds of interleaved runs and of starts, and seconds of each run. */
  clients: number;
  rounds: number;
  seconds: number;
  /** Calls of each kind, of which the median counts. */
  samples: number;
}

export interface BenchOptions {
  sizes: Sizes;
  engines: readonly Engine[];
  parts: readonly PartName[];
  json: boolean;
  assert: boolean;
}

const full: Sizes = {
  users: 100_000,
  grownUsers: 100_000,
  smallUsers: 1_000,
  members: 50_000,
  delta: 256,
  patches: 200,
  mostMembers: 100_000,
  tokens: 1_000_000,
  fewTokens: 1_000,
  clients: 10,
  rounds: 5,
  seconds: 2,
  samples: 200,
};

const quick: Sizes = {
  users: 600,
  grownUsers: 600,
  smallUsers: 100,
  members: 300,
  delta: 16,
  patches: 5,
  mostMembers: 600,
  tokens: 2_000,
  fewTokens: 100,
  clients: 4,
  rounds: 1,
  seconds: 0.2,
  samples: 2,
};

export const usage = `npm run bench -- [options]
  --quick             small sizes, seconds: shows that it runs, not how fast
  --large             growth to 1,000,000 users, and the full import
  --engine <name>     ${engines.join(" or ")}; both by default
  --only <parts>      some of ${partNames.join(",")}
  --json              JSON instead of the table
  --assert            exit code 1 if a required target is missed`;

/** The command line is wrong. The message is for the person who typed it. */
export class BenchUsageError extends Error {}

/** Throws BenchUsageError. */
export function readOptions(words: string[]): BenchOptions {
  const values = parsed(words);
  const { quick: isQuick = false, large = false, engine, only } = values;
  const byDefault = partNames.filter((name) => name !== "import" || isQuick || large);
  const lowerCased: readonly string[] = engines.map((name) => name.toLowerCase());
  return {
    sizes: isQuick ? quick : { ...full, ...(large ? { grownUsers: 1_000_000 } : {}) },
    engines: engine === undefined ? engines : chosen(engines, lowerCased, [engine.toLowerCase()]),
    parts: only === undefined ? byDefault : chosen(partNames, partNames, only.split(",")),
    json: values.json ?? false,
    assert: values.assert ?? false,
  };
}

function parsed(words: string[]) {
  try {
    return parseArgs({
      args: words,
      options: {
        quick: { type: "boolean" },
        large: { type: "boolean" },
        engine: { type: "string" },
        only: { type: "string" },
        json: { type: "boolean" },
        assert: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new BenchUsageError((error as Error).message);
  }
}

function chosen<T>(all: readonly T[], names: readonly string[], wanted: readonly string[]): T[] {
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new BenchUsageError(`There is no "${unknown}".`);
  return all.filter((_, index) => wanted.includes(names[index] ?? ""));
}
