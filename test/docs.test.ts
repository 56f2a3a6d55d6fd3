import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type RefusalReason, refusalReasons } from "../src/errors.ts";
import { refusals } from "../src/web/refusals.ts";
import { codeBlocks, markdownFiles, readingOrder } from "./helpers/docs.ts";

const readingOrders = [
  ...["oidc", "scim", "universal-logout"],
  "saml", // SAML
  ...["cross-app-access", "shared-signals", "scim-authorization"],
];
const scripts = Object.keys(
  (JSON.parse(readFileSync("package.json", "utf8")) as { scripts: object }).scripts,
);

describe("documentation", () => {
  for (const path of markdownFiles()) {
    describe(path, () => {
      const text = readFileSync(path, "utf8");

      it("links to files and headings that exist", () => {
        const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
        const dead = links.filter((target) => !/^(https?:|mailto:)/.test(target) && !exists(path, target));
        assert.deepEqual(dead, []);
      });

      it("names only npm scripts that package.json has", () => {
        const named = [...text.matchAll(/npm run (?:--silent )?([a-z:]+)/g)].map(([, name]) => name ?? "");
        // A decision names what existed at its time, and does not change when a fork removes it.
        const isRecord = path.startsWith("docs/decisions/");
        assert.deepEqual(
          named.filter((name) => !isRecord && !scripts.includes(name)),
          [],
        );
      });

      it("names only commands that the command line has", () => {
        const named = [...text.matchAll(/npm run (?:--silent )?admin -- ([a-z][a-z-]*(?: [a-z-]+)?)/g)].map(
          ([, name]) => name ?? "",
        );
        assert.deepEqual(
          named.filter((name) => !adminCommands().some((known) => name.startsWith(known))),
          [],
        );
      });

      it("shows JSON that parses", () => {
        for (const { language, text: block } of codeBlocks(path)) {
          if (language === "json") assert.doesNotThrow(() => JSON.parse(block), block);
        }
      });
    });
  }

  // The walks hold the files against a real request: tools/walks/test/walks.test.ts.
  for (const subject of readingOrders) {
    it(`leads through the code of ${subject} by files and tests that exist`, () => {
      const { steps } = readingOrder(`docs/explanation/${subject}.md`);
      assert.ok(steps.length >= 6, `${steps.length} files`);
      assert.equal(new Set(steps.map(({ file }) => file)).size, steps.length, "each file once");
      for (const { file, look, title, test } of steps) {
        const source = readFileSync(file, "utf8");
        for (const [, name = ""] of look.matchAll(/`([A-Za-z.]+)(?:\(\))?`/g))
          assert.ok(source.includes(name), `${file} has ${name}`);
        assert.ok(readFileSync(test, "utf8").includes(`it("${title}"`), `${test} has "${title}"`);
      }
    });
  }

  // before the fork {
  it("fits the README on two screens, with a map that answers what newcomers looked for in vain", () => {
    const readme = readFileSync("README.md", "utf8");
    assert.ok(readme.split("\n").length <= 101, "two screens");
    const [, map = ""] = readme.split("## Where does X happen?");
    for (const [subject, file] of [
      ["SCIM filter become SQL", "src/store/conditions.ts"],
      ["group give a role", "src/store/tenant/roles.ts"],
      ["SAML keys made and changed", "src/saml/keys.ts"], // SAML
      ["e-mails", "src/mail/letters.ts"],
      ["Entra ID", "docs/explanation/entra.md"],
      ["signature", "src/trust/jwks.ts"],
      ["clocks differ", "packages/saml-policy/src/rule.ts"], // SAML
    ] as const) {
      const row = map.split("\n").find((line) => line.includes(subject));
      assert.ok(row?.includes(`](${file})`), `${subject}: ${file}`);
    }
  });
  // before the fork }

  it("explains each reason for a refused sign-in, and quotes the sentence on its page", () => {
    const rows = rowsOf("docs/reference/errors.md", "## Sign-in refused");
    assert.deepEqual(rows.map(([reason]) => reason).sort(), [...refusalReasons].sort());
    // The password form answers bad-credentials itself.
    const others = rows.filter(([reason]) => reason !== "bad-credentials");
    assert.deepEqual(
      others.map(([reason, sentence]) => [reason, sentence]),
      others.map(([reason]) => [reason, refusals[reason as RefusalReason].text]),
    );
  });

  it("explains each code of a conflict", () => {
    const codes = /type ConflictCode =([^;]*);/.exec(readFileSync("src/errors.ts", "utf8"))?.[1] ?? "";
    assert.deepEqual(
      rowsOf("docs/reference/errors.md", "## Conflicts").map(([code]) => code),
      [...codes.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code),
    );
  });

  it("documents every variable, in the example and in the reference", () => {
    const config = readFileSync("src/config.ts", "utf8");
    const shape = /const shape = \{([\s\S]*?)\n\};/.exec(config)?.[1] ?? "";
    const variables = [...shape.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name ?? "");
    assert.ok(variables.length >= 10);
    const example = readFileSync("config/env.example", "utf8");
    const reference = readFileSync("docs/reference/configuration.md", "utf8");
    assert.deepEqual(
      variables.filter((name) => !new RegExp(`^${name}=`, "m").test(example)),
      [],
    );
    assert.deepEqual(
      variables.filter((name) => !reference.includes(`\`${name}\``)),
      [],
    );
    const inExample = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name ?? "");
    assert.deepEqual(
      inExample.filter((name) => !variables.includes(name)),
      [],
    );
  });

  it("numbers the decisions uniquely, and lists each in the index", () => {
    const decisions = readdirSync("docs/decisions")
      .filter((name) => /^\d{4}-.*\.md$/.test(name))
      .sort();
    const numbers = decisions.map((name) => name.slice(0, 4));
    assert.equal(new Set(numbers).size, numbers.length);
    const index = readFileSync("docs/decisions/README.md", "utf8");
    assert.deepEqual(
      decisions.filter((name) => !name.startsWith("0000") && !index.includes(name)),
      [],
    );
  });
});

/** The cells of the table below a heading whose rows begin with a name in backticks, without these. */
function rowsOf(path: string, heading: string): string[][] {
  const section = readFileSync(path, "utf8").split(`${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| `([a-z0-9-]+)` +\|(.*)\|$/gm)].map(([, name = "", cells = ""]) => [
    name,
    ...cells.split("|").map((cell) => cell.trim()),
  ]);
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
}

function exists(from: string, target: string): boolean {
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? from : join(dirname(from), decodeURIComponent(file));
  if (!existsSync(path)) return false;
  return anchor === undefined || !path.endsWith(".md") || anchorsOf(path).includes(anchor);
}

/** Heading anchors, as GitHub makes them. */
function anchorsOf(path: string): string[] {
  const headings = readFileSync(path, "utf8").matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, text = ""]) =>
    text
      .toLowerCase()
      .replace(/[`*_]/g, (mark) => (mark === "_" ? "_" : ""))
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function adminCommands(): string[] {
  const files = readdirSync("src/cli").map((name) => readFileSync(join("src/cli", name), "utf8"));
  const names = files.flatMap((text) => [...text.matchAll(/name: "([a-z -]+)"|statusCommand\("([a-z ]+)"/g)]);
  return names.map(([, plain, status]) => plain ?? status ?? "");
}
