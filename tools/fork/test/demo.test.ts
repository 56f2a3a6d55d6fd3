import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { ownedByDemo, saysDemo, withoutDemo } from "../src/demo.ts";
import { isIn, resolved, withoutLinks, withoutMarked, withoutPaths } from "../src/marks.ts";
import { ForkError } from "../src/options.ts";
import { ownTest, withoutDoneSteps } from "../src/start.ts";
import { textFiles } from "./text-files.ts";

describe("the marks in files", () => {
  it("remove a line, and what is between two of them, in code and in Markdown", () => {
    const code =
      "keep();\ngone(); // demo only\n  // demo only {\ngone();\n\ngone();\n  // demo only }\nkeep();\n";
    assert.equal(withoutMarked(code, "demo only"), "keep();\nkeep();\n");
    const page = "A.\nB. <!-- demo only -->\n<!-- demo only { -->\nC.\n<!-- demo only } -->\nD.\n";
    assert.equal(withoutMarked(page, "demo only"), "A.\nD.\n");
    assert.equal(withoutMarked(code, "another mark"), code);
  });

  it("may end in CRLF, and a block that has no end is an error, not the end of the next one", () => {
    const code = "a\r\nb // SAML\r\n// SAML {\r\nc\r\n// SAML }\r\nd\r\n";
    assert.equal(withoutMarked(code, "SAML"), "a\r\nd\r\n");
    const message = /The block that begins with the line "\/\/ SAML \{" has no line "SAML \}"/;
    const open = "// SAML {\na\n";
    for (const text of [open, `${open}b\n// SAML {\nc\n// SAML }\n`])
      assert.throws(
        () => withoutMarked(text, "SAML"),
        (error) => error instanceof ForkError && message.test(error.message),
      );
  });

  it("are comments in templates and in settings, too", () => {
    const template = "a\nb <%# SAML %>\n<%# SAML { -%>\nc\n<%# SAML } -%>\nd\n";
    assert.equal(withoutMarked(template, "SAML"), "a\nd\n");
    assert.equal(withoutMarked("A=1\n# SAML {\nB=2\n# SAML }\nC=3\n", "SAML"), "A=1\nC=3\n");
    assert.equal(withoutMarked("## SAML\n", "SAML"), "## SAML\n", "a heading");
  });

  it("are not needed on links in tables and lists: a row goes with its last link", () => {
    const isGone = (target: string) => target.startsWith("gone");
    const page = [
      "| a | [b](stays.ts), [c](gone.ts) |",
      "| d | [e](gone.ts), [f](stays.ts); [g](gone.ts#h) |",
      "| i | [j](gone.ts) |",
      "- [k](gone.md): l",
      "Prose about [m](gone.md).",
      "| n | [o](other.ts) |",
      "",
    ].join("\n");
    assert.equal(
      withoutLinks(page, isGone),
      "| a | [b](stays.ts) |\n| d | [f](stays.ts) |\nProse about [m](gone.md).\n| n | [o](other.ts) |\n",
    );
  });

  it("are not needed on a line that only names a file that is gone", () => {
    const list =
      'src/demo\n  "src/demo/app-server.ts",\n"src/demo/**"\nsrc/demonstration\nimport "src/demo/a.ts";\n';
    assert.equal(withoutPaths(list, ["src/demo"]), 'src/demonstration\nimport "src/demo/a.ts";\n');
  });

  it("leave JSON without a comma at the end of a list", () => {
    const json = '{ "a": [\n  "src/b.ts",\n  "src/demo/c.ts"\n] }\n';
    assert.deepEqual(JSON.parse(withoutDemo("any.json", json)), { a: ["src/b.ts"] });
  });
});

/** Removes the demo in memory, so that a line without its mark fails here, and not in a fork. */
describe("this repository without the demo", () => {
  const files = textFiles()
    .filter((path) => path !== ownTest && !isIn(ownedByDemo, path))
    .map((path) => ({ path, text: withoutDemo(path, withoutDoneSteps(readFileSync(path, "utf8"))) }));

  it("loses files that exist, unless the demo has been removed already", () => {
    assert.ok(files.length > 800, `${files.length} files`);
    const there = ownedByDemo.filter((path) => existsSync(path));
    assert.deepEqual(there, existsSync("src/demo") ? ownedByDemo : []);
  });

  it("speaks of the demo nowhere", () => {
    const found = files.flatMap(({ path, text }) =>
      text.split("\n").flatMap((line) => (saysDemo(path, line) ? [`${path}: ${line.trim()}`] : [])),
    );
    assert.deepEqual(found, []);
  });

  it("imports and links to no file of the demo", () => {
    const references = /(?:from |import\(|import |\]\()(?:"([^"\n]+)"|([^)\s"]+)\))/g;
    const found = files.flatMap(({ path, text }) =>
      [...text.matchAll(references)]
        .map(([, quoted, link]) => (quoted ?? link ?? "").replace(/#.*/, ""))
        .filter((target) => /^demo-pages\b/.test(target) || isIn(ownedByDemo, resolved(path, target)))
        .map((target) => `${path}: ${target}`),
    );
    assert.deepEqual(found, []);
  });
});
