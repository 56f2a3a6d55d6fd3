import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const kit = fileURLToPath(new URL("..", import.meta.url));
const sample = new URL("sample.ts", import.meta.url).href;
/** The folder of the kit's dependencies. */
const modules = dirname(dirname(createRequire(import.meta.url).resolve("tsx/package.json")));

/** A module that describes the product under another name. */
const moduleOf = (name: string) => `
  import { sample } from "${sample}";
  const description = \`\${sample.manifest.description} ${name}\`;
  export const product = { ...sample, manifest: { ...sample.manifest, displayName: "${name}", description } };
  export const published = null;
  export const guideFiles = () => Promise.resolve(new Map());
`;

describe("oin-check, looking for the product,", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "oin-kit-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function check(words: readonly string[], { cwd = folder, from = kit } = {}) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(from, "bin", "oin-check.js"), ...words],
      { cwd, encoding: "utf8", env: { PATH: process.env.PATH } },
    );
    return { status, stdout, stderr };
  }

  /** The verdict and observation about the product's name. */
  const nameSeen = ({ stdout, stderr }: ReturnType<typeof check>) => {
    assert.notEqual(stdout, "", stderr);
    const { results } = JSON.parse(stdout) as { results: { rule: string; verdict: string; seen: string }[] };
    const { verdict, seen } = results.find(({ rule }) => rule === "listing-name") ?? {};
    return [verdict, seen];
  };
  const listing = ["--only", "listing", "--json"];

  it("uses the named module, and judges its listing", () => {
    const file = join(folder, "product.mjs");
    writeFileSync(file, moduleOf("Blueberry"));
    const ready = check([...listing, "--product", file]);
    assert.deepEqual([ready.status, ...nameSeen(ready)], [0, "pass", "9 characters"]);
    writeFileSync(file, moduleOf("x".repeat(65)));
    const tooLong = check([...listing, "--product", file]);
    assert.equal(tooLong.status, 1);
    assert.match(String(nameSeen(tooLong)), /fail,displayName has 65 characters/);
  });

  it("finds it in the package.json of the folder or of one above", () => {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ oinKit: "described/product.mjs" }));
    mkdirSync(join(folder, "described"));
    writeFileSync(join(folder, "described", "product.mjs"), moduleOf("Elder"));
    mkdirSync(join(folder, "deep", "inside"), { recursive: true });
    const answer = check(listing, { cwd: join(folder, "deep", "inside") });
    assert.deepEqual(nameSeen(answer), ["pass", "5 characters"]);
  });

  it("says so if there is none, and can still check a SCIM server", () => {
    const alone = join(folder, "kit");
    cpSync(kit, alone, { recursive: true, filter: (path) => !/\/(test|node_modules)$/.test(path) });
    symlinkSync(modules, join(folder, "node_modules"));
    const lost = check(["--url", "https://app.example.com"], { from: alone });
    assert.deepEqual([lost.status, lost.stdout], [1, ""]);
    assert.match(lost.stderr, /^No product is known here\. Name one with --product, or a SCIM server/);
    const listed = check(listing, { from: alone });
    assert.match(listed.stderr, /^--only knows idp-metadata, scim here, not listing\./);
    const scim = check(["--scim-url", "http://127.0.0.1:9/scim/v2", "--json"], { from: alone });
    assert.equal(scim.status, 1);
    const { results } = JSON.parse(scim.stdout) as { results: { area: string }[] };
    assert.deepEqual(new Set(results.map(({ area }) => area)), new Set(["scim"]));
  });

  it("refuses a named file that does not exist", () => {
    const { status, stderr } = check([...listing, "--product", "nothing.mjs"]);
    assert.equal(status, 1);
    assert.match(stderr, /^--product: there is no nothing\.mjs\./);
  });
});
