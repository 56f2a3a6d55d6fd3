import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

/**
 * The patterns that make a text hard to read, and what to write instead: docs/explanation/style.md in a form that fails.
 * It reads comments, strings, identifiers in texts and test titles alike, because people read all of them.
 */
const patterns: readonly { name: string; pattern: RegExp; instead: string }[] = [
  {
    name: "whoever, whatever",
    pattern: /\b(?:who|what|whom|which)ever\b/i,
    instead: "Name the actor or the thing.",
  },
  {
    name: "somebody, nobody",
    pattern: /\b(?:somebody|anybody|nobody)\b/i,
    instead:
      "Name the actor: the caller, an attacker, an administrator, another person; or write someone, no one.",
  },
  { name: "of ours", pattern: /\bof (?:ours|theirs)\b/i, instead: "Write our key, its key." },
  {
    name: "is no …",
    pattern: /(?<!\bthere )\b(?:is|are|was|were) no (?!longer\b|more\b|need\b|one\b)[a-z]+/i,
    instead: "Write is not a …",
  },
  {
    name: "stands in, beside",
    pattern:
      /\b(?:stand|stands|stood|standing) (?:in|beside|before|behind|above|below|there|at|under|for)\b/i,
    instead: "Write is in, is next to, comes before, means.",
  },
  { name: "beside", pattern: /\bbeside\b/i, instead: "Write next to, in addition to, besides, except." },
  {
    name: "taken back",
    pattern: /\b(?:take|takes|taken|took|taking) back\b/i,
    instead: "Write roll back, revoke, undo.",
  },
  {
    name: "used up",
    pattern: /\b(?:use|uses|used|using) (?:it |them |one |that )?up\b/i,
    instead: "Write consume.",
  },
  { name: "door", pattern: /\bdoors?\b/i, instead: "Write sign-in option, sign-in page, entry point." },
  {
    name: "another matter, up to",
    pattern: /\b(?:another matter|its day|is up to|business of)\b/i,
    instead: "Say what happens in the other case, and who decides.",
  },
];

/** A sentence whose subject is a clause: "What says that it is too large is answered first." */
const clauseAsSubject = /^(?:What|Who|Whose|Whom|That which)\s(?:\S+\s){3,}\S+\.$/;

const folders = ["src", "packages", "tools", "config", "migrations", "test", "views", "docs"];
const rootFiles = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "UPGRADING.md"];
/** What other programs say or what `npm run guide` writes, and the page that shows how not to write. */
const left = /\/fixtures\/|^docs\/(?:guides|oin)\/|^docs\/explanation\/style\.md$|^test\/style\.test\.ts$/;

const files = [...folders.flatMap(textsIn), ...rootFiles].filter((path) => !left.test(path));

describe("the style of every text", () => {
  it("is looked at in every file", () => {
    assert.ok(files.length > 800, `${files.length} files`);
    for (const folder of folders)
      assert.ok(
        files.some((path) => path.startsWith(`${folder}/`)),
        folder,
      );
  });

  for (const { name, pattern, instead } of patterns) {
    it(`has no "${name}". ${instead}`, () => {
      const hits = files.flatMap((path) =>
        linesOf(path).flatMap((line, index) =>
          pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
        ),
      );
      assert.ok(hits.length === 0, `\n${hits.join("\n")}`);
    });
  }

  it("has no clause as a subject. Begin with who does something.", () => {
    const hits = files.flatMap((path) =>
      sentencesOf(path)
        .filter((sentence) => clauseAsSubject.test(sentence))
        .map((sentence) => `${path}: ${sentence}`),
    );
    assert.ok(hits.length === 0, `\n${hits.join("\n")}`);
  });

  it("finds what it looks for", () => {
    const bad = [
      "whoever sends it",
      "Nobody is signed in",
      "a key of ours",
      "this is no sign-in",
      "it stands in the log",
      "the row beside it",
      "the change is taken back",
      "it is used up",
      "by which door",
      "that is another matter",
    ];
    assert.deepEqual(
      patterns.map(({ pattern }) => bad.findIndex((text) => pattern.test(text))),
      bad.map((_, index) => index),
    );
    const subject = "What says that it is too large is answered before it is read.";
    assert.match(subject, clauseAsSubject);
    const good = "There is no connection. The stand-in is no longer used. It is besides the point.";
    assert.ok(patterns.every(({ pattern }) => !pattern.test(good)));
  });
});

function linesOf(path: string): string[] {
  return readFileSync(path, "utf8").split("\n");
}

/** The sentences of comments, of prose and of quoted texts; headings and tables have none. */
function sentencesOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const prose =
    extname(path) === ".ts"
      ? [...text.matchAll(/\/\*\*?[\s\S]*?\*\/|(?:^\s*\/\/.*\n)+|"[^"\n]*"|`[^`]*`/gm)].map(
          ([found]) => found,
        )
      : text
          .replaceAll(/^(?:```[\s\S]*?^```|#.*|\|.*)$/gm, "\n\n")
          .split(/\n\s*\n|^\s*[-*] |^\d+\. |<[^>]*>/m);
  return prose.flatMap((piece) =>
    piece
      .replaceAll(/^\s*(?:\/\*\*?|\*\/?|\/\/)|["`]|\*\/$/gm, " ")
      .replaceAll(/\s+/g, " ")
      .trim()
      .split(/(?<=[.?!])\s+/),
  );
}

function textsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mjs|md|ejs)$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !path.includes("node_modules"))
    .sort();
}
