import { format } from "node:util";

const loud = ["error", "warn"] as const;
const original = { error: console.error, warn: console.warn };
let heard: string[] = [];

/** Loaded by mocha: a test during which something complained on the console has failed, whatever it asserted. */
export const mochaHooks = {
  beforeEach() {
    heard = [];
    for (const level of loud) console[level] = (...words: unknown[]) => heard.push(format(...words));
  },
  afterEach() {
    Object.assign(console, original);
    if (heard.length > 0) throw new Error(`unexpected on the console: ${heard.join("\n")}`);
  },
};
