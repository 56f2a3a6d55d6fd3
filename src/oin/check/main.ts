/**
 * `npm run oin:check -- --url URL`: is this deployment ready for the OIN?
 *
 * Looks at a deployment from outside, as Okta's reviewers and their test suites do, and says of every rule what was seen,
 * where the rule stands and how to mend it (rules/). It works on any make of server. Test data goes away again, also
 * after Ctrl-C. Exit code 1 when a rule fails, 130 when it was stopped. A composition root: may import every room but
 * the demo; takes from `guide` what its pictures and PDFs are made from.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { integration } from "../../../config/integration.ts";
import { InvalidError } from "../../errors.ts";
import { recordedInputs } from "../../guide/inputs.ts";
import { currentInputs } from "../../guide/made.ts";
import { fileUrl, publishedValues } from "../../guide/outputs.ts";
import { readLogo } from "../manifest.ts";
import type { GuideFile } from "./guides.ts";
import { parseCommand, usage } from "./options.ts";
import { printed } from "./print.ts";
import { ruleList } from "./rules/list.ts";
import { runCheck } from "./run.ts";

const words = process.argv.slice(2);
if (words.includes("--help") || words.includes("-h")) process.stdout.write(`${usage}\n`);
else if (words.includes("--rules")) process.stdout.write(ruleList());
else await main(words);

async function main(args: string[]): Promise<void> {
  try {
    const { options, tokenOnStdin, json } = parseCommand(args);
    if (tokenOnStdin) options.scimToken = await readToken();
    const interrupt = stopSignal();
    const { stderr, stdout } = process;
    const progress = (area: string) => void (stderr.isTTY && stderr.write(`Checking: ${area} …\n`));
    const files = { published: publishedValues(), guideFiles: await guideFiles() };
    const deps = { manifest: integration, logo: readLogo(integration.logo), ...files, interrupt, progress };
    const outcome = await runCheck(options, deps);
    const colour = stdout.isTTY === true && stdout.hasColors();
    stdout.write(`${json ? JSON.stringify(outcome) : printed(outcome, colour)}\n`);
    process.exitCode = outcome.stopped ? 130 : outcome.summary.fail > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}\n`);
    process.exitCode = 1;
  }
}

/** What this checkout has beside the texts of the guides, and whether it would be made otherwise today. */
async function guideFiles(): Promise<Map<string, GuideFile>> {
  const current = await currentInputs();
  const recorded = recordedInputs();
  const files = Object.keys(recorded).filter((path) => existsSync(fileUrl(path)));
  return new Map(
    files.map((path) => {
      const sha256 = createHash("sha256")
        .update(readFileSync(fileUrl(path)))
        .digest("hex");
      return [path.replace("docs/guides/", ""), { sha256, stale: current.get(path) !== recorded[path] }];
    }),
  );
}

async function readToken(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write("Paste the provisioning token, press Enter, then Ctrl-D:\n");
  const token = (await text(process.stdin)).trim();
  if (token === "")
    throw new InvalidError("--scim-token-stdin was given, and nothing came on standard input.");
  return token;
}

/** The first Ctrl-C lets the check clean up after itself, the second ends it where it is. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130);
      process.stderr.write("Stopping: removing what the check created …\n");
      stop.abort();
    });
  }
  return stop.signal;
}
