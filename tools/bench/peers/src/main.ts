/**
 * Measures this application and its peers with the same data, client and operations in one run. This process is the client;
 * each program is another process with a SQLite database of its own. README.md explains the figures.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSigningKey } from "../../../../test/helpers/certificates.ts";
import { describeMachine } from "../../src/report.ts";
import { median } from "../../src/statistics.ts";
import { type Contender, createContender, type Given } from "./contenders.ts";
import { writeDocs } from "./docs.ts";
import { changeGroup, findRemoval } from "./groups.ts";
import { type Measured, race, raceSignIns, timesAsGood } from "./measure.ts";
import { operations } from "./operations.ts";
import { type Options, readOptions, UsageError, usage, usersOf } from "./options.ts";
import { probes } from "./probes.ts";
import { startProvider } from "./provider.ts";
import { asMarkdown, noteOf, type PeersReport, type Row } from "./report.ts";
import { oidcProtocol, samlProtocol, signsIn } from "./sign-ins.ts";

const megabyte = 2 ** 20;

async function main(options: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "peers-"));
  const provider = await startProvider();
  const key = await createSigningKey("peers");
  const idpEntityId = "http://www.okta.com/exkpeers";
  const ssoUrl = "https://acme.okta.example/sso";
  const given: Given = {
    folder,
    sizes: options.sizes,
    oidc: provider,
    saml: {
      idpEntityId,
      ssoUrl,
      certificate: key.certificate,
      metadata: metadataOf(idpEntityId, ssoUrl, key.certificate),
    },
  };
  progress(`writing ${usersOf(options.sizes)} users for each of ${options.names.join(", ")}`);
  const contenders = await Promise.all(options.names.map((name) => createContender(name, given)));
  const report: PeersReport = {
    ...describeMachine(),
    sizes: options.sizes,
    users: usersOf(options.sizes),
    contenders: contenders.map(({ name, version, group }) => ({ name, version, members: group.members })),
    rows: [],
    notes: [],
  };
  try {
    await measureStart(report, contenders);
    await measureUsers(report, contenders);
    await measureMemory(report, contenders, "memory after these requests about users");
    for (const protocol of [samlProtocol({ key, idpEntityId }), oidcProtocol(provider)]) {
      progress(protocol.title);
      const able = contenders.filter(signsIn);
      const row = rowOf("sign-in", protocol.key, protocol.title, "/s");
      fill(report, row, await raceSignIns(protocol, able, options.sizes));
    }
    await measureGroups(report, contenders);
    await measureMemory(report, contenders, "memory at the end");
  } finally {
    for (const contender of contenders) await contender.dispose();
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  }
  report.rows.sort((one, other) => order.indexOf(one.part) - order.indexOf(other.part));
  console.log(options.json ? JSON.stringify(report, null, 2) : asMarkdown(report));
  if (options.write) writeDocs(fileURLToPath(new URL("../../../../docs/reference", import.meta.url)), report);
}

const order: Row["part"][] = ["scim", "sign-in", "start"];

async function measureStart(report: PeersReport, contenders: readonly Contender[]): Promise<void> {
  progress("starts");
  const times = new Map<Contender, Measured>(
    contenders.map((contender) => [contender, { values: [], wrong: [], failure: null }]),
  );
  // Once more than counts: the first start fills the cache of compiled files.
  for (let round = 0; round <= report.sizes.starts; round++) {
    for (const contender of contenders) {
      await contender.server?.stop();
      const { startMs } = await contender.start();
      if (round > 0) times.get(contender)?.values.push(startMs);
    }
  }
  fill(report, rowOf("start", "start", "start until the first right answer", "ms"), times);
}

async function measureUsers(report: PeersReport, contenders: readonly Contender[]): Promise<void> {
  for (const operation of operations) {
    progress(operation.title);
    const measured = await race(operation, contenders, report.sizes);
    await probe(operation.key, measured);
    fill(report, rowOf("scim", operation.key, operation.title, "/s"), measured);
  }
}

async function measureGroups(report: PeersReport, contenders: readonly Contender[]): Promise<void> {
  const { sizes } = report;
  for (const [key, count] of [
    ["group-one", 1],
    ["group-many", sizes.delta],
  ] as const) {
    const title = `add ${count} ${count === 1 ? "member" : "members"} to a large group: \`PATCH /Groups/{id}\``;
    progress(title);
    const measured = new Map<Contender, Measured>();
    for (const contender of contenders) {
      const { times, wrong, failure } = await changeGroup(contender, count, sizes);
      measured.set(contender, { values: times, wrong, failure });
    }
    if (count === 1) {
      for (const [contender, { wrong }] of measured) {
        const problem = await findRemoval(contender);
        if (problem) wrong.push(problem);
      }
    }
    await probe(key, measured);
    fill(report, rowOf("scim", key, title, "ms"), measured);
  }
}

/** Adds what the probes of an operation find. */
async function probe(key: string, measured: Map<Contender, Measured>): Promise<void> {
  for (const { find } of probes.filter(({ operation }) => operation === key)) {
    for (const [contender, { wrong, failure }] of measured) {
      const problem = failure ? null : await find(contender);
      if (problem) wrong.push(problem);
    }
  }
}

async function measureMemory(
  report: PeersReport,
  contenders: readonly Contender[],
  title: string,
): Promise<void> {
  const measured = new Map<Contender, Measured>();
  for (const contender of contenders) {
    const bytes = (await contender.server?.memory()) ?? null;
    const values = bytes === null ? [] : [bytes / megabyte];
    measured.set(contender, { values, wrong: [], failure: bytes === null ? "has ended" : null });
  }
  fill(report, rowOf("start", title, title, "MB"), measured);
}

function rowOf(part: Row["part"], key: string, title: string, unit: Row["unit"]): Row {
  return { part, key, title, unit, better: unit === "/s" ? "higher" : "lower", cells: {} };
}

function fill(report: PeersReport, row: Row, measured: Map<Contender, Measured>): void {
  const own = [...measured].find(([{ name }]) => name === "this application")?.[1];
  for (const [{ name }, one] of measured) {
    const texts = one.failure ? [`not measured, because ${name} ${one.failure}`] : one.wrong;
    row.cells[name] = {
      value: one.values.length === 0 ? null : median(one.values),
      ratio: own && name !== "this application" ? timesAsGood(own, one, row.better) : null,
      notes: texts.map((text) => noteOf(report, text)),
    };
  }
  report.rows.push(row);
}

function metadataOf(entityId: string, ssoUrl: string, certificate: string): string {
  const protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
  const binding = "urn:oasis:names:tc:SAML:2.0:bindings";
  return [
    `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}">`,
    `<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="${protocol}">`,
    `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>`,
    `<ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
    `<md:SingleSignOnService Binding="${binding}:HTTP-POST" Location="${ssoUrl}"/>`,
    `<md:SingleSignOnService Binding="${binding}:HTTP-Redirect" Location="${ssoUrl}"/>`,
    "</md:IDPSSODescriptor></md:EntityDescriptor>",
  ].join("");
}

/** Writes to standard error, because standard output is for the table. */
function progress(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
