import { parseArgs } from "node:util";

/** The sizes of data and loads. Every load ends after a number of calls or of seconds. */
export interface Sizes {
  /** Members of the group that is changed, and how many one PATCH adds. */
  members: number;
  delta: number;
  /** Concurrent clients; rounds of interleaved runs; seconds of each run. */
  clients: number;
  rounds: number;
  seconds: number;
  /** Sign-ins of each round. */
  signIns: number;
  /** Changes of the group of each kind, and the seconds after which no other begins. */
  changes: number;
  changeSeconds: number;
  /** How often each program is started. */
  starts: number;
}

export const contenderNames = ["this application", "scimmy-routers", "better-auth", "saml-jackson"] as const;
export type ContenderName = (typeof contenderNames)[number];

export interface Options {
  sizes: Sizes;
  names: readonly ContenderName[];
  json: boolean;
  write: boolean;
}

const normal: Sizes = {
  members: 10_000,
  delta: 256,
  clients: 10,
  rounds: 3,
  seconds: 1.5,
  signIns: 40,
  changes: 5,
  changeSeconds: 20,
  starts: 3,
};

const full: Sizes = {
  ...normal,
  members: 50_000,
  rounds: 5,
  seconds: 2,
  signIns: 100,
  changes: 10,
  changeSeconds: 60,
  starts: 5,
};

const quick: Sizes = {
  members: 200,
  delta: 16,
  clients: 4,
  rounds: 1,
  seconds: 0.3,
  signIns: 4,
  changes: 2,
  changeSeconds: 5,
  starts: 1,
};

export const usage = `npm start --prefix tools/bench/peers -- [options]
  --quick            small sizes, under a minute: shows that it runs, not how fast
  --full             a group of 50,000, and more rounds
  --members <n>      members of the changed group
  --only <names>     some of ${contenderNames.slice(1).join(",")}; all by default
  --json             JSON instead of the table
  --write            also writes the tables and pictures of docs/reference/benchmark.md`;

/** The command line is wrong. The message is for the person who typed it. */
export class UsageError extends Error {}

/** Throws UsageError. */
export function readOptions(words: string[]): Options {
  const values = parsed(words);
  const sizes = values.quick ? quick : values.full ? full : normal;
  const members = values.members === undefined ? sizes.members : Number(values.members);
  if (!Number.isInteger(members) || members < 100) throw new UsageError("--members takes a number from 100.");
  const wanted = values.only?.split(",") ?? contenderNames.slice(1);
  const unknown = wanted.find((name) => !contenderNames.slice(1).includes(name as ContenderName));
  if (unknown !== undefined) throw new UsageError(`There is no peer "${unknown}".`);
  return {
    sizes: { ...sizes, members },
    names: contenderNames.filter((name, at) => at === 0 || wanted.includes(name)),
    json: values.json ?? false,
    write: values.write ?? false,
  };
}

function parsed(words: string[]) {
  try {
    return parseArgs({
      args: words,
      options: {
        quick: { type: "boolean" },
        full: { type: "boolean" },
        members: { type: "string" },
        only: { type: "string" },
        json: { type: "boolean" },
        write: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** How many people the data needs: the members, and those who become members while the group is measured. */
export function usersOf({ members, delta, changes }: Sizes): number {
  return members + (changes + 2) * (delta + 1) + 8;
}
