/**
 * The stand-in org as a program: `okta-stand-in --help`.
 *
 * A parent process with an IPC channel gets "ready" when the org listens. When the application is up, the parent sends
 * "resume" (push what is pending) or "reset" (load the seed, then push). The org replies "resumed" when everything was
 * pushed or has failed and its file is written. Without a channel it pushes at once.
 */
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { OrgRefusal } from "./org.ts";
import { sampleSeed } from "./sample.ts";
import { createOrg, orgName, type RunningOrg } from "./server.ts";
import { type OrgSeed, openOrgStore } from "./state.ts";

const usage = `Usage: okta-stand-in [options]

  --port PORT   the port on 127.0.0.1 (3001)
  --url URL     the public origin, if a proxy is in front of it
  --file FILE   stores everything in this file; without it, in memory
  --seed FILE   initial people, groups and apps as JSON (src/state.ts, OrgSeed), used if the file does not exist;
                without it, a sample
  --back-to URL, --back-to-label TEXT
                a link on every page to the program that the org is a part of
  --sign-in-by-link
                /sign-in-by-link?username=…&fromURI=… signs that person in, for a demonstration; at a loopback address
                only, because any page could have such a link`;

const parameters = {
  port: { type: "string", default: "3001" },
  url: { type: "string" },
  file: { type: "string" },
  seed: { type: "string" },
  "back-to": { type: "string" },
  "back-to-label": { type: "string", default: "Back" },
  "sign-in-by-link": { type: "boolean", default: false },
  help: { type: "boolean" },
} as const;

try {
  const { values } = parseArgs({ options: parameters });
  if (values.help) process.stdout.write(`${usage}\n`);
  else await run(values);
} catch (error) {
  const isUsage = error instanceof OrgRefusal || (error instanceof TypeError && "code" in error);
  if (!isUsage) throw error;
  process.stderr.write(`${error.message}\n\n${usage}\n`);
  process.exitCode = 1;
}

interface ProgramOptions {
  port: string;
  url?: string;
  file?: string;
  seed?: string;
  "back-to"?: string;
  "back-to-label": string;
  "sign-in-by-link": boolean;
}

async function run(options: ProgramOptions): Promise<void> {
  const { port, url = `http://127.0.0.1:${port}`, file, seed, "back-to": href } = options;
  const isNew = !file || !existsSync(file);
  const store = openOrgStore(file ?? null);
  const backTo = href ? { href, label: options["back-to-label"] } : null;
  const org = await createOrg({ store, url, backTo, signInByLink: options["sign-in-by-link"] });
  // A parent process may write the seed later.
  if (isNew && !(seed && !existsSync(seed) && process.send)) await org.reset(await seedIn(seed));
  org.server.listen(Number(port), "127.0.0.1", () => announce(url));
  if (process.send) process.on("message", (word) => void obey(org, word, seed));
  else await org.resume();

  const stop = async () => {
    await org.close();
    process.exit(0);
  };
  // Ctrl-C reaches the parent and this process; the parent decides when to stop, and sends SIGTERM.
  if (process.send) process.on("SIGINT", () => undefined);
  else process.once("SIGINT", () => void stop());
  process.once("SIGTERM", () => void stop());
  process.once("disconnect", () => void stop());
}

async function seedIn(file: string | undefined): Promise<OrgSeed> {
  return file ? (JSON.parse(readFileSync(file, "utf8")) as OrgSeed) : await sampleSeed(orgName);
}

function announce(url: string): void {
  if (process.send) process.send("ready");
  else process.stdout.write(`The stand-in for an Okta org: ${url}  (Admin Console: ${url}/admin)\n`);
}

async function obey(org: RunningOrg, word: unknown, seed: string | undefined): Promise<void> {
  if (word === "reset") await org.reset(await seedIn(seed));
  await org.resume();
  org.store.flush();
  process.send?.("resumed");
}
