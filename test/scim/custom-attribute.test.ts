import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { customExtension } from "../../config/attributes.ts";
import { engines } from "../helpers/databases.ts";
import { codeBlocks } from "../helpers/docs.ts";
import type { ScimBody } from "../helpers/scim.ts";

const { urn } = customExtension;
const name = "badgeNumber";
const needed = [
  "src",
  "config",
  "migrations",
  "views",
  "public",
  "test",
  "tools",
  "package.json",
  "tsconfig.json",
];

/** Follows docs/how-to/add-an-attribute.md in a copy of the repository, and calls SCIM there. */
describe("a custom attribute", () => {
  let copy: string;
  before(() => {
    copy = mkdtempSync(join(tmpdir(), "starter-attribute-"));
    const filter = (path: string) => !path.endsWith("node_modules");
    for (const path of needed) cpSync(path, join(copy, path), { recursive: true, filter });
    symlinkSync(resolve("node_modules"), join(copy, "node_modules"));
    const [entry] = codeBlocks("docs/how-to/add-an-attribute.md").filter(({ language }) => language === "ts");
    const table = join(copy, "config/attributes.ts");
    const text = readFileSync(table, "utf8");
    assert.match(text, /\n\];\n$/, "the table ends the file");
    writeFileSync(table, text.replace(/\];\n$/, `${entry?.text}];\n`));
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  it("does not exist before", () => {
    assert.ok(!readFileSync("config/attributes.ts", "utf8").includes(name));
  });

  for (const engine of engines) {
    describe(`on ${engine}`, () => {
      let told: Record<string, ScimBody>;
      before(async () => {
        const words = ["--import", "tsx", "test/helpers/custom-attribute-program.ts", engine, urn, name];
        const { stdout } = await promisify(execFile)(process.execPath, words, {
          cwd: copy,
          maxBuffer: 2 ** 24,
        });
        told = JSON.parse(stdout);
      });
      const said = (what: string): ScimBody => told[what] ?? assert.fail(what);
      const idsIn = (what: string) => (said(what).Resources as ScimBody[]).map(({ id }) => id);

      it("is in /Schemas, as the table defines it", () => {
        const found = (said("schemas").Resources as ScimBody[]).find(({ id }) => id === urn);
        assert.deepEqual(found, said("schema"));
        assert.deepEqual(found?.attributes, [
          {
            name,
            type: "string",
            multiValued: false,
            description: "Number on the badge",
            required: false,
            caseExact: true,
            mutability: "readWrite",
            returned: "default",
            uniqueness: "none",
          },
        ]);
      });

      it("is in /ResourceTypes, where Okta looks for it", () => {
        const extensions = said("userType").schemaExtensions as ScimBody[];
        assert.ok(extensions.some(({ schema }) => schema === urn));
      });

      it("is stored and returned", () => {
        assert.deepEqual(said("created")[urn], { [name]: "B-1" });
        assert.ok(said("created").schemas.includes(urn));
        assert.deepEqual(said("read"), said("created"));
      });

      it("is searchable, with the case rule of the table", () => {
        assert.deepEqual(idsIn("found"), [said("created").id]);
        assert.deepEqual(idsIn("foundPatched"), [said("created").id]);
      });

      it("is patched, removed and validated", () => {
        assert.deepEqual(said("patched")[urn], { [name]: "B-2" });
        assert.deepEqual(said("shown"), {
          schemas: said("patched").schemas,
          id: said("read").id,
          [urn]: { [name]: "B-2" },
        });
        assert.ok(!Object.hasOwn(said("removed"), urn));
        assert.equal(said("wrong").scimType, "invalidValue");
      });
    });
  }
});
