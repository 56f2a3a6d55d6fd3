/**
 * `oin-check --url URL`: is this deployment ready for the OIN?
 *
 * Checks a deployment from outside, like Okta's reviewers and their test suites. For every rule (rules/) it reports what it
 * saw, the source of the rule and how to fix it. It works with any server, and removes its test data even after Ctrl-C.
 * The exit code is 1 if a rule fails, and 130 if the check was stopped. A declared capability that could not be checked is
 * a failure, too.
 */
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import type { AgentCredentials } from "./agents/agent-check.ts";
import { evidenceOf } from "./evidence-file.ts";
import { htmlReport } from "./html-report.ts";
import { CheckInputError } from "./input-error.ts";
import { loadProduct } from "./load-product.ts";
import { commandOf, readWords, usage } from "./options.ts";
import { printed } from "./print.ts";
import { ruleList } from "./rules/list.ts";
import { runCheck } from "./run.ts";

const words = process.argv.slice(2);
if (words.includes("--help") || words.includes("-h")) await help();
else if (words.includes("--rules")) process.stdout.write(ruleList());
else await main(words);

async function help(): Promise<void> {
  const { product } = await loadProduct(undefined);
  process.stdout.write(`${usage(product)}\n`);
}

async function main(args: string[]): Promise<void> {
  try {
    const values = readWords(args);
    const described = await loadProduct(values.product);
    const { options, tokenOnStdin, agentFile, json, reportFile, evidenceFile } = commandOf(
      values,
      described.product,
    );
    for (const written of [reportFile, evidenceFile])
      if (written !== null) onFile(written, (file) => closeSync(openSync(file, "a")));
    if (agentFile !== null && options.agents) options.agents.agent = readAgent(agentFile);
    if (tokenOnStdin) options.scimToken = await readToken();
    const interrupt = stopSignal();
    const { stderr, stdout } = process;
    const progress = (area: string) => void (stderr.isTTY && stderr.write(`Checking: ${area} …\n`));
    const outcome = await runCheck(options, { ...described, interrupt, progress });
    const colour = stdout.isTTY === true && stdout.hasColors();
    stdout.write(`${json ? JSON.stringify(outcome) : printed(outcome, colour)}\n`);
    if (reportFile !== null) {
      onFile(reportFile, (file) => writeFileSync(file, htmlReport(outcome)));
      stderr.write(`The report is in ${reportFile}.\n`);
    }
    if (evidenceFile !== null) {
      onFile(evidenceFile, (file) => writeFileSync(file, evidenceOf(outcome)));
      stderr.write(`The evidence is in ${evidenceFile}.\n`);
    }
    process.exitCode = outcome.stopped ? 130 : outcome.summary.fail > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof CheckInputError)) throw error;
    const { product } = await loadProduct(undefined);
    process.stderr.write(`${error.message}\n\n${usage(product)}\n`);
    process.exitCode = 1;
  }
}

/** Runs before the check, too: a file that cannot be written must not cost a whole run. Throws CheckInputError. */
function onFile(file: string, work: (file: string) => void): void {
  try {
    work(file);
  } catch (error) {
    throw new CheckInputError(`${file} cannot be written: ${(error as Error).message}.`);
  }
}

/** Reads what `admin -- client create --json` printed. Throws CheckInputError. */
function readAgent(file: string): AgentCredentials {
  const problem = new CheckInputError(
    `${file} has no client ID and secret: it is the JSON of client create.`,
  );
  try {
    const { client, clientSecret } = JSON.parse(readFileSync(file, "utf8")) as {
      client?: { clientId?: unknown };
      clientSecret?: unknown;
    };
    const clientId = client?.clientId;
    if (typeof clientId !== "string" || typeof clientSecret !== "string") throw problem;
    return { clientId, clientSecret };
  } catch (error) {
    if (error === problem) throw problem;
    throw new CheckInputError(`${file} cannot be read as JSON: ${(error as Error).message}.`);
  }
}

async function readToken(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write("Paste the provisioning token, press Enter, then Ctrl-D:\n");
  const token = (await text(process.stdin)).trim();
  if (token === "") throw new CheckInputError("--scim-token-stdin was given, but standard input was empty.");
  // A header cannot carry anything else. The message must not show the token.
  if (!/^[\x21-\x7e]+( [\x21-\x7e]+)?$/.test(token))
    throw new CheckInputError("The token on standard input is not one line of letters, digits and signs.");
  return token;
}

/** The first Ctrl-C lets the check clean up; the second one ends it at once. */
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
