import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { isIn, resolved } from "../src/marks.ts";
import { ownedBySaml, saysSaml, withoutPackages, withoutSaml } from "../src/saml.ts";
import { ownTest, withoutDoneSteps } from "../src/start.ts";
import { textFiles } from "./text-files.ts";

describe("the words of SAML", () => {
  const prose: readonly (readonly [with_: string, without: string])[] = [
    ["sign in by OIDC or SAML, provision", "sign in by OIDC, provision"],
    ["OpenID Connect, and SAML", "OpenID Connect"],
    ["SAML and OpenID Connect", "OpenID Connect"],
    ["(SCIM, SAML, Universal Logout)", "(SCIM, Universal Logout)"],
    ["OIDC, SAML and SCIM", "OIDC and SCIM"],
  ];
  for (const [before, after] of prose)
    it(`leave the list "${before}"`, () =>
      assert.equal(withoutSaml("docs/any.md", `${before}\n`), `${after}\n`));

  it("keep a line that has no mark, and what is about other products", () => {
    const line = "a // SAML 2.0 is meant\n";
    assert.equal(withoutSaml("src/any.ts", line), line);
    assert.ok(saysSaml("src/any.ts", line));
    assert.equal(saysSaml("packages/oin-kit/src/any.ts", line), false);
  });

  it("leave the rows of a reference, and lists of paths on one line", () => {
    const rows = "| `oidc` | a |\n| `saml-sha1` | b |\n| `saml` | c |\n";
    assert.equal(withoutSaml("docs/any.md", rows), "| `oidc` | a |\n");
    const list = 'tests: ["test/sso/", "test/saml/", "test/reach/"],\n';
    assert.equal(withoutSaml("any.ts", list), 'tests: ["test/sso/", "test/reach/"],\n');
  });

  it("leave manifests: dependencies, exports and workspaces", () => {
    const manifest = {
      exports: { "./product": "./src/product.ts", "./attribute-statements": "./src/attribute-statements.ts" },
      dependencies: { "@node-saml/node-saml": "5", express: "5", "saml-policy": "1" },
    };
    assert.deepEqual(JSON.parse(withoutPackages("tools/guide/package.json", JSON.stringify(manifest))), {
      exports: { "./product": "./src/product.ts" },
      dependencies: { express: "5" },
    });
    const other = '{"name":"a",  "version": "1"}';
    assert.equal(withoutPackages("package.json", other), other, "another form is not a change");
  });
});

/** Removes SAML in memory, so that a line without its mark fails here, and not in a fork. */
describe("this repository without SAML", () => {
  const files = textFiles()
    .filter((path) => path !== ownTest && !isIn(ownedBySaml, path))
    .map((path) => {
      const text = withoutSaml(path, withoutDoneSteps(readFileSync(path, "utf8")));
      return { path, text: path.endsWith("/package.json") ? withoutPackages(path, text) : text };
    });

  it("loses files that exist, unless SAML has been removed already", () => {
    assert.ok(files.length > 800, `${files.length} files`);
    const isHere = (path: string) =>
      existsSync(path) || (!existsSync("src/demo") && /^(?:src|tools)\/demo\//.test(path));
    const there = ownedBySaml.filter(isHere);
    assert.deepEqual(there, existsSync("src/saml") ? ownedBySaml : []);
  });

  it("speaks of SAML nowhere, except where Okta's own is meant", () => {
    const found = files.flatMap(({ path, text }) =>
      /^docs\/(?:guides|oin)\//.test(path)
        ? []
        : text.split("\n").flatMap((line) => (saysSaml(path, line) ? [`${path}: ${line.trim()}`] : [])),
    );
    assert.deepEqual(found, []);
  });

  it("imports and links to no file of SAML", () => {
    const references = /(?:from |import\(|import |\]\()(?:"([^"\n]+)"|([^)\s"]+)\))/g;
    const found = files.flatMap(({ path, text }) =>
      [...text.matchAll(references)]
        .map(([, quoted, link]) => (quoted ?? link ?? "").replace(/#.*/, ""))
        .filter((target) => /^saml-policy\b/.test(target) || isIn(ownedBySaml, resolved(path, target)))
        .map((target) => `${path}: ${target}`),
    );
    assert.deepEqual(found, []);
  });
});

/** The application as it is without SAML. The demo imports packages of this repository, which have SAML here. */
describe("the application without SAML", () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), "starter-without-saml-"));
    for (const folder of ["src", "config"]) cpSync(folder, join(root, folder), { recursive: true });
    for (const folder of ["node_modules", "packages"])
      symlinkSync(join(process.cwd(), folder), join(root, folder));
    for (const path of ownedBySaml)
      if (/^src\//.test(path)) rmSync(join(root, path), { recursive: true, force: true });
    for (const path of sources())
      writeFileSync(path, withoutSaml(relative(root, path), readFileSync(path, "utf8")));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  const sources = () =>
    ["src", "config"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(root, folder, name)),
    );

  it("passes the type checker, and has no unused code", function () {
    this.timeout(300_000);
    const project = JSON.parse(readFileSync("tsconfig.json", "utf8")) as { compilerOptions: object };
    // The whole repository has the types of the browser by its tests.
    const compilerOptions = { ...project.compilerOptions, lib: ["es2023", "dom"] };
    const config = { compilerOptions, include: ["src", "config"], exclude: ["src/demo"] };
    writeFileSync(join(root, "package.json"), readFileSync("package.json"));
    writeFileSync(join(root, "tsconfig.json"), JSON.stringify(config));
    const tsc = join("node_modules", "typescript", "bin", "tsc");
    const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", root], { encoding: "utf8" });
    assert.equal(stdout, "");
    assert.equal(status, 0);
  });
});
