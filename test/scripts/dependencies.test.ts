import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

describe("scripts/dependencies.mjs", () => {
  const script = join(process.cwd(), "scripts/dependencies.mjs");
  let elsewhere: string;
  before(() => {
    elsewhere = mkdtempSync(join(tmpdir(), "starter-dependencies-"));
  });
  after(() => rmSync(elsewhere, { recursive: true, force: true }));
  const run = (command: string, cwd = ".", env: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, [script, command], {
      cwd,
      encoding: "utf8",
      env: { ...process.env, ...env },
    });

  /** An application with one package, which has another one. */
  function lockFile(license: string): void {
    const packages = {
      "": { name: "app", version: "1.0.0", license: "Apache-2.0", dependencies: { one: "1" } },
      "node_modules/one": {
        version: "1.0.0",
        license: "MIT",
        dependencies: { two: "1" },
        integrity: "sha512-AAEC",
      },
      "node_modules/two": { version: "2.0.0", license },
      "node_modules/tool": { version: "3.0.0", license: "GPL-3.0", dev: true },
    };
    writeFileSync(join(elsewhere, "package-lock.json"), JSON.stringify({ packages }));
  }

  it("lists what a deployment runs as CycloneDX, without development", () => {
    const { stdout, status } = run("sbom");
    const { bomFormat, components } = JSON.parse(stdout) as {
      bomFormat: string;
      components: { name: string }[];
    };
    assert.deepEqual([status, bomFormat], [0, "CycloneDX"]);
    const names = components.map(({ name }) => name);
    const runtime = [
      ...["express", "knex", "scim-server"],
      ...["xml-crypto", "saml-policy"], // SAML
    ];
    for (const name of runtime) assert.ok(names.includes(name), name);
    for (const name of ["mocha", "typescript"]) assert.ok(!names.includes(name), name);
    lockFile("ISC");
    const [one] = JSON.parse(run("sbom", elsewhere).stdout).components;
    assert.deepEqual([one.purl, one.hashes], ["pkg:npm/one@1.0.0", [{ alg: "SHA-512", content: "000102" }]]);
  });

  it("accepts the licences of today, and refuses one that is not on the list", () => {
    assert.equal(run("licences").status, 0);
    for (const [license, status] of [
      ["ISC", 0],
      ["(MIT OR GPL-3.0)", 0],
      ["(MIT AND Zlib)", 0],
      ["MIT AND GPL-3.0", 1],
      ["GPL-3.0", 1],
    ] as const) {
      lockFile(license);
      assert.equal(run("licences", elsewhere).status, status, license);
    }
  });

  it("fails for serious vulnerabilities, and not where the registry does not answer", () => {
    const npm = join(elsewhere, "npm.cjs");
    const answer = (text: string) => writeFileSync(npm, `console.log(${JSON.stringify(text)})`);
    const audit = () => run("audit", elsewhere, { npm_execpath: npm }).status;
    const counts = (high: number) =>
      JSON.stringify({ metadata: { vulnerabilities: { high, critical: 0, moderate: 1, low: 0 } } });
    for (const [text, status] of [
      [counts(0), 0],
      [counts(1), 1],
      ['{"message":"405"}', 0],
      ["", 0],
    ] as const) {
      answer(text);
      assert.equal(audit(), status, text);
    }
  });
});
