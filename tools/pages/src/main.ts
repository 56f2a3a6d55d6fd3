/** `npm run pages`: screenshots and weights of the pages of a running demo, and the weights of two builds side by side. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openBrowser } from "oin-kit/writer/browser";
import { type OpenDemo, openDemo } from "./demo.ts";
import { takeShots } from "./shots.ts";
import { asMarkdown } from "./table.ts";
import { type WeightsByName, weighDemo } from "./weigh.ts";

const usage = `npm run pages -- shots --password <owners' password> [--origin <url>] [--org <url>] <folder>
npm run pages -- weigh --password <owners' password> [--origin <url>] [--org <url>] <file.json>
npm run pages -- table <before.json> [<after.json>]
`;

interface Options {
  origin: string;
  org: string;
  password: string;
}

/** By the first word: what to do with the second and third. */
const acts: Record<string, (options: Options, words: string[]) => Promise<void>> = {
  shots: (options, [folder = ""]) =>
    withDemo(options, async (demo) => {
      console.log(`${await takeShots(demo, folder)} screenshots in ${folder}`);
    }),
  weigh: (options, [file = ""]) =>
    withDemo(options, async (demo) => {
      const weights = await weighDemo(demo);
      writeFileSync(file, `${JSON.stringify(weights, null, 2)}\n`);
      process.stdout.write(asMarkdown(weights));
    }),
  table: async (_options, files) => {
    const [before, after] = files.map((file) => JSON.parse(readFileSync(file, "utf8")) as WeightsByName);
    if (before) process.stdout.write(asMarkdown(before, after));
  },
};

await main();

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    options: { origin: text, org: text, password: text },
    allowPositionals: true,
  });
  const [word = "", ...others] = positionals;
  const act = acts[word];
  if (!act || others.length === 0) {
    process.stderr.write(usage);
    process.exitCode = 2;
    return;
  }
  const { origin = "http://localhost:3000", org, password = "" } = values;
  const nextPort = Number(new URL(origin).port) + 1;
  await act({ origin, org: org ?? `http://127.0.0.1:${nextPort}`, password }, others);
}

async function withDemo(options: Options, use: (demo: OpenDemo) => Promise<void>): Promise<void> {
  const browser = await openBrowser(process.env.CHROMIUM_PATH);
  if (!browser) throw new Error("Chromium was not found: name it in CHROMIUM_PATH.");
  try {
    const demo = await openDemo(browser, options);
    if (demo.missing.length > 0) console.log(`This build does not have: ${demo.missing.join(", ")}`);
    await use(demo);
  } finally {
    await browser.close();
  }
}
