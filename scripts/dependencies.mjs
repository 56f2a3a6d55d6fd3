/**
 * What a deployment runs, from the lock file: the application's packages, and theirs.
 *
 *   node scripts/dependencies.mjs sbom       a software bill of materials, CycloneDX 1.6, as JSON
 *   node scripts/dependencies.mjs licences   each package with its licence; exit code 1 for one that is not on the list
 *   node scripts/dependencies.mjs audit      known vulnerabilities, if the registry answers audits
 *
 * `npm sbom` leaves out packages that a workspace shares with the application, such as express.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { neededByTheApplication } from "./application-packages.mjs";

/** Licences that fit the Apache License 2.0. One of an expression with OR is enough. */
const accepted = new Set([
  "MIT",
  "MIT-0",
  "Apache-2.0",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "BlueOak-1.0.0",
  "Zlib",
  "CC0-1.0",
  "Unlicense",
]);

/** Old packages that name their licence elsewhere than in the field `license`: in a list, and in the README. */
const namedElsewhere = { "passport-strategy": "MIT", pause: "MIT" };

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
const own = packages[""];
const found = neededByTheApplication(packages)
  .map((path) => ({
    name: path.split("node_modules/").at(-1),
    ...packages[packages[path].resolved],
    ...packages[path],
  }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));

const commands = { sbom, licences, audit };
const command = commands[process.argv[2]];
if (command) command();
else {
  console.error(`Name one of: ${Object.keys(commands).join(", ")}.`);
  process.exitCode = 1;
}

function licenceOf({ name, license }) {
  return license ?? namedElsewhere[name] ?? "unknown";
}

function sbom() {
  const version = (name, number) => ({ "bom-ref": `${name}@${number}`, name, version: number });
  const components = found.map((one) => ({
    type: "library",
    ...version(one.name, one.version ?? own.version),
    ...(one.link ? {} : { purl: `pkg:npm/${one.name.replace("@", "%40")}@${one.version}` }),
    licenses: [{ expression: licenceOf(one) }],
    ...(one.integrity ? { hashes: [hashOf(one.integrity)] } : {}),
  }));
  const application = { type: "application", ...version(own.name, own.version) };
  const metadata = { component: { ...application, licenses: [{ expression: own.license }] } };
  console.log(
    JSON.stringify({ bomFormat: "CycloneDX", specVersion: "1.6", version: 1, metadata, components }, null, 2),
  );
}

/** The lock file has hashes as "sha512-" and base64. */
function hashOf(integrity) {
  const [algorithm, digest] = integrity.split(/-(.*)/s);
  return {
    alg: algorithm.toUpperCase().replace("SHA", "SHA-"),
    content: Buffer.from(digest, "base64").toString("hex"),
  };
}

function licences() {
  for (const one of found) console.log(`${one.name}\t${one.version ?? own.version}\t${licenceOf(one)}`);
  const refused = found.filter((one) => !isAccepted(licenceOf(one)));
  for (const { name } of refused) console.error(`${name} has a licence that is not on the list.`);
  if (refused.length > 0) process.exitCode = 1;
}

/** SPDX expressions of one level: all parts of AND, or one of OR. */
function isAccepted(expression) {
  const text = expression.replaceAll(/[()]/g, "");
  const has = (part) => accepted.has(part.trim());
  return text.includes(" OR ") ? text.split(" OR ").some(has) : text.split(" AND ").every(has);
}

function audit() {
  const npm = process.env.npm_execpath;
  const words = ["audit", "--omit=dev", "--audit-level=high", "--json"];
  const [program, before] = npm ? [process.execPath, [npm]] : ["npm", []];
  const { stdout } = spawnSync(program, [...before, ...words], { encoding: "utf8", timeout: 60_000 });
  const counts = countsIn(stdout);
  if (counts === null) {
    console.log("The registry does not answer audits here. Nothing was checked.");
    return;
  }
  const serious = counts.high + counts.critical;
  console.log(`Known vulnerabilities: ${serious} high or critical, ${counts.moderate + counts.low} others.`);
  if (serious > 0) {
    console.error("npm audit --omit=dev names them.");
    process.exitCode = 1;
  }
}

/** Null if the answer is not the result of an audit: an error of the registry, or no answer in time. */
function countsIn(text) {
  try {
    return JSON.parse(text).metadata?.vulnerabilities ?? null;
  } catch {
    return null;
  }
}
