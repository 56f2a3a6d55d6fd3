import { format } from "node:util";

const loud = ["error", "warn"] as const;
const original = { error: console.error, warn: console.warn };
let heard: string[] = [];

/** Loaded by mocha: fails each test during which the console got a warning or an error. */
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
