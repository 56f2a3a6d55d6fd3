import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  bold, // SAML
  okta,
} from "okta-labels/labels";
import { retiredIn, retiredLabels } from "okta-labels/retired";
import { labelParts, literalLabels } from "./helpers/okta-labels.ts";

const owner = "packages/okta-labels/";

/** The folders whose texts people read, and the programs that write such texts. */
const sources = [
  ...["views", "src", "config", "public"],
  ...foldersOf("tools", ["src"]),
  ...foldersOf("packages", ["src", "views", "bin"]),
]
  .flatMap(filesIn)
  .filter(({ path }) => !path.startsWith(owner) && /\.(ts|js|ejs)$/.test(path));

const pages = ["README.md", "CONTRIBUTING.md", "UPGRADING.md", ...markdownIn("docs"), ...packageReadmes()]
  .filter((path) => !path.startsWith("docs/decisions/"))
  .map((path) => ({ path, text: readFileSync(path, "utf8") }));

/** Sources that quote other texts, which have the labels of their time. */
const quotes = [
  "packages/oin-kit/src/okta-test-plan.ts", // the titles of Okta's test plan
  "packages/oin-kit/src/test-cases-groups.ts", // the titles of tests
  "packages/oin-kit/src/compatibility.ts", // the names under which published values are stored
  "packages/oin-kit/src/wizard-tests.ts", // the same
  "tools/guide/src/providers.ts", // labels of other providers
];
const isOwnText = ({ path }: { path: string }) => !quotes.includes(path);

/** The how-to pages that lead through Okta's screens. Markdown cannot import a label, so their labels are compared. */
const howTo = [
  "docs/how-to/publish-in-the-oin.md",
  "docs/how-to/use-your-own-okta-org.md", // demo only
];

/** Bold words of those pages that are not Okta's: labels of this product. */
const own = ["Admin", "Agents", "Guides"];

describe("Okta's labels in the texts", () => {
  it("reads every folder with texts", () => {
    for (const folder of [
      "views/admin/",
      "views/guide/",
      "src/admin/",
      "tools/demo/", // demo only
      "packages/oin-kit/src/",
    ])
      assert.ok(
        sources.some(({ path }) => path.startsWith(folder)),
        folder,
      );
    assert.ok(sources.length > 350, `${sources.length} sources`);
    assert.ok(pages.length > 40, `${pages.length} pages`);
  });

  it("come from packages/okta-labels, and are not repeated by hand", () => {
    const hits = sources
      .filter(isOwnText)
      .flatMap(({ path, text }) => literalLabels(path, text).map((label) => `${path}: ${label}`));
    assert.deepEqual(hits, [], "import the label from okta-labels/labels");
  });

  it("are not labels that Okta retired", () => {
    const hits = [...sources, ...pages]
      .filter(isOwnText)
      .flatMap(({ path, text }) =>
        retiredIn(text).map(({ was, now }) => `${path}: "${was}" is "${now}" now`),
      );
    assert.deepEqual(hits, []);
  });

  it("are Okta's in the how-to pages", () => {
    const known = new Set([...labelParts, ...own]);
    for (const path of howTo) {
      const labels = [...readFileSync(path, "utf8").matchAll(/\*\*([^*]+)\*\*/g)].map(
        ([, label = ""]) => label,
      );
      // A bold sentence, or the bold beginning of a list item, is not a label.
      const named = labels.filter((label) => !/[.:]$/.test(label));
      assert.ok(named.length > 1, path);
      assert.deepEqual(
        named.filter((label) => !known.has(label.replace(/\s+/g, " "))),
        [],
        path,
      );
    }
  });

  it("exist, where a source names one", () => {
    const places = new Set(
      Object.entries(okta).flatMap(([group, labels]) => Object.keys(labels).map((key) => `${group}.${key}`)),
    );
    const named = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/\bokta\.([a-z]\w*\.[a-z]\w*)/gi)].map(([, place = ""]) => ({ path, place })),
    );
    assert.ok(named.length > 100, `${named.length} labels are named`);
    // Domain names begin like a label's place: acme.okta.com.
    const unknown = named.filter(({ place }) => isPlace(place) && !places.has(place));
    assert.deepEqual(unknown, []);
  });

  // SAML {
  // Okta has the labels of SAML, whether this product takes them or not.
  it("are all in use", () => {
    const code = sources.map(({ text }) => text).join("\n");
    const prose = howTo.map((path) => readFileSync(path, "utf8")).join("\n");
    const isUsed = (group: string, key: string, label: string) =>
      isNamed(code, group, key) || prose.includes(bold(label));
    const unused = Object.entries(okta).flatMap(([group, labels]) =>
      Object.entries<string>(labels)
        .filter(([key, label]) => !isUsed(group, key, label))
        .map(([key]) => `okta.${group}.${key}`),
    );
    assert.deepEqual(unused, [], "no text takes these labels: delete them");
  });
  // SAML }

  it("finds labels that are repeated by hand, and leaves others alone", () => {
    const found: [path: string, text: string, labels: string[]][] = [
      ["a.ts", 'const fix = "Press Test API Credentials.";', ["Test API Credentials"]],
      ["a.ts", 'const fix = "Open Sign " +\n  "On, please.";', ["Sign On"]],
      ["a.ts", 'const fix = "Choose Provisioning > Integration.";', ["Provisioning > Integration"]],
      ["a.ts", "const fix = `Choose “Activate”.`;", ["Activate"]],
      ["a.ejs", "<p>Open the <strong>Governance</strong> tab.</p>", ["Governance"]],
      ["a.ejs", "<b>General</b> &gt; <b>Edit</b>", ["General > Edit"]],
      ["a.md.ejs", "Open the **Import** tab and click **Import Now**.", ["Import Now", "Import"]],
      ["a.ts", "/** Under Sign On, Okta shows it. */\n// Sign On\nconst general = 1;", []],
      ["a.ts", 'const text = "Single Sign-On ends the base URL. Admin > Groups";', []],
      ["a.ejs", "<%# The tab Sign On. %><h2>Settings</h2><p><strong>Save settings</strong></p>", []],
    ];
    for (const [path, text, labels] of found) assert.deepEqual(literalLabels(path, text), labels, text);
  });

  it("finds retired labels in plain text, Markdown and HTML", () => {
    for (const text of [
      "Choose Applications > Applications.",
      "Go to **Applications** > **Applications**.",
      "go to <strong>Applications</strong> &gt;\n <strong>Applications</strong>",
    ])
      assert.deepEqual(
        retiredIn(text).map(({ was }) => was),
        ["Applications > Applications"],
      );
    assert.deepEqual(retiredIn(`Go to ${okta.menus.applications}.`), []);
    for (const { was, until } of retiredLabels) {
      assert.ok(until === null || /^20\d\d-\d\d-\d\d$/.test(until), was);
      assert.ok(!labelParts.has(was), was);
    }
  });
});

// SAML {
/** Whether a source names a label by its place: okta.tabs.general, tabs.general, or general taken out of okta.tabs. */
function isNamed(code: string, group: string, key: string): boolean {
  return new RegExp(`\\b${group}\\.${key}\\b|\\{[^{}]*\\b${key}\\b[^{}]*\\} = okta\\.${group}\\b`).test(code);
}
// SAML }

/** Whether "okta.x.y" names a label of a group that exists. */
function isPlace(place: string): boolean {
  return Object.hasOwn(okta, place.split(".")[0] ?? "");
}

function foldersOf(root: string, names: readonly string[]): string[] {
  return readdirSync(root)
    .flatMap((workspace) => names.map((name) => join(root, workspace, name)))
    .filter((folder) => existsSync(folder));
}

function filesIn(folder: string): { path: string; text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js|ejs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, text: readFileSync(path, "utf8") }));
}

function markdownIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

function packageReadmes(): string[] {
  return ["packages", "tools", "examples"]
    .flatMap((root) => readdirSync(root).map((name) => join(root, name, "README.md")))
    .filter((path) => existsSync(path));
}
