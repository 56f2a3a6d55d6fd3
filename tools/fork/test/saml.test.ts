import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withoutMarked } from "../src/marks.ts";

/** Files and folders of SAML alone. Its migrations stay: a fork's database has them. */
const samlFiles = [
  "src/saml",
  "src/admin/saml-actions.ts",
  "src/admin/saml-form.ts",
  "src/admin/saml-keys.ts",
  "src/cli/connection-saml.ts",
  "src/cross-app-access/saml-naming.ts",
  "src/inspector/describe/saml.ts",
  "src/inspector/describe/saml-summary.ts",
  "src/inspector/describe/saml-xml.ts",
];

/** The application as it is without SAML. The demo is not in it: its second customer signs in by SAML. */
describe("the application without SAML", () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), "starter-without-saml-"));
    for (const folder of ["src", "config"]) cpSync(folder, join(root, folder), { recursive: true });
    for (const folder of ["node_modules", "packages"])
      symlinkSync(join(process.cwd(), folder), join(root, folder));
    for (const path of samlFiles) rmSync(join(root, path), { recursive: true });
    for (const path of sources()) writeFileSync(path, withoutMarked(readFileSync(path, "utf8"), "SAML"));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  const sources = () =>
    readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(root, "src", name));

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

  it("does not import what belonged to SAML", () => {
    const gone = samlFiles.map((path) => path.replace(/^.*\//, ""));
    for (const path of sources())
      for (const [, target = ""] of readFileSync(path, "utf8").matchAll(/from "(\.[^"]*)"/g))
        if (!path.includes("/src/demo/"))
          assert.ok(!gone.some((name) => target.includes(`/${name}`)), `${path} imports ${target}`);
  });

  it("keeps a line that has no mark", () => {
    const marked = "a\nb; // SAML\nc // SAML 2.0 is meant\n  // SAML {\nd\n  // SAML }\ne\n";
    assert.equal(withoutMarked(marked, "SAML"), "a\nc // SAML 2.0 is meant\ne\n");
  });
});
