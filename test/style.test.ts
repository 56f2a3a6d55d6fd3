import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

/**
 * The ten patterns that make a text hard to read, and what to write instead. docs/explanation/style.md gives the reasons.
 * The test reads comments, strings, identifiers and prose alike, because people read all of them. It cannot hear whether
 * a sentence is good; it only refuses the worst ones.
 */
const patterns: readonly { name: string; pattern: RegExp; example: string; instead: string }[] = [
  {
    name: "whoever, whatever",
    pattern: /\b(?:who|what|whom)ever\b/i,
    example: "whoever sends it",
    instead: "Name the actor or the thing.",
  },
  {
    name: "somebody, nobody",
    pattern: /(?<![=-])\b(?:somebody|anybody|nobody)\b(?!@)/i,
    example: "Nobody is signed in",
    instead: "Name the actor: the caller, an attacker, an administrator. Or write someone, no one.",
  },
  {
    name: "of ours",
    pattern: /(?<!\b(?:all|ahead) )\bof (?:ours|theirs)\b/i,
    example: "a key of ours",
    instead: "Write our key, its key.",
  },
  {
    name: "is no …",
    pattern: /(?<!\bthere )\b(?:is|are|was|were) no (?!longer\b|more\b|need\b|one\b|different\b)[a-z]+/i,
    example: "this is no sign-in",
    instead: "Write is not a …",
  },
  {
    name: "stands in, beside",
    pattern:
      /\b(?:stand|stands|stood|standing) (?:in(?! for\b)|beside|before|behind|above|below|there|at|under)\b/i,
    example: "it stands in the log",
    instead: "Write is in, is next to, comes before.",
  },
  {
    name: "beside",
    pattern: /\bbeside\b/i,
    example: "the row beside it",
    instead: "Write next to, in addition to, besides, except.",
  },
  {
    name: "taken back",
    pattern: /\b(?:take|takes|taken|took|taking) (?:it |them )?back\b/i,
    example: "the change is taken back",
    instead: "Write roll back, revoke, undo.",
  },
  {
    name: "used up",
    pattern: /\b(?:use|uses|used|using) (?:it |them |one |that )?up\b/i,
    example: "the token is used up",
    instead: "Write consume.",
  },
  {
    name: "door",
    pattern: /\bdoors?\b/i,
    example: "by which door",
    instead: "Write sign-in option, sign-in page, entry point.",
  },
  {
    name: "another matter, up to",
    pattern: /\b(?:another matter|its day|(?:is|are) up to (?!date\b|\d)|business of)/i,
    example: "that is another matter",
    instead: "Say what happens in the other case, and who decides.",
  },
];

/** A sentence whose subject is a clause: "What says that it is too large is answered first." */
const clauseAsSubject = /^(?:What|Who|Whose|Whom|That which|That the)\s(?:\S+\s){3,}\S+\.$/;

const folders = ["src", "packages", "tools", "examples", "config", "migrations", "test", "views", "docs"];
const rootFiles = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "UPGRADING.md", "CHANGELOG.md"];
/** What other programs say or what `npm run guide` writes, and the page that shows how not to write. */
const excluded =
  /\/fixtures\/|^docs\/(?:guides|oin)\/|^docs\/explanation\/style\.md$|^test\/style\.test\.ts$/;

const files = [...folders.flatMap(textsIn), ...rootFiles]
  .filter((path) => !excluded.test(path))
  .map((path) => ({ path, text: readFileSync(path, "utf8") }))
  .map(({ path, text }) => ({ path, text, lines: text.split("\n").map(readable) }));

describe("the style of every text", () => {
  it("reads the files of every folder", () => {
    assert.ok(files.length > 800, `${files.length} files`);
    for (const folder of folders)
      assert.ok(
        files.some(({ path }) => path.startsWith(`${folder}/`)),
        folder,
      );
  });

  for (const { name, pattern, instead } of patterns) {
    it(`has no "${name}". ${instead}`, () => {
      const hits = files.flatMap(({ path, lines }) =>
        lines.flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
      );
      refuse(hits, instead);
    });
  }

  it("has no clause as a subject. Begin with the actor or the thing.", () => {
    const hits = files.flatMap(({ path, text }) =>
      sentencesOf(path, text)
        .filter(({ sentence }) => clauseAsSubject.test(sentence))
        .map(({ start, sentence }) => `${path}:${lineAt(text, start)}: ${sentence}`),
    );
    refuse(hits, "Begin with the actor or the thing.");
  });

  it("finds what it looks for", () => {
    for (const { name, pattern, example } of patterns) assert.match(readable(example), pattern, name);
    const text = "\n/** One.\n * What says that it is too\n * large is answered before it is read. */\n";
    const [found, ...others] = sentencesOf("a.ts", text).filter(({ sentence }) =>
      clauseAsSubject.test(sentence),
    );
    assert.equal(found?.sentence, "What says that it is too large is answered before it is read.");
    assert.equal(lineAt(text, found.start), 3);
    assert.deepEqual(others, []);
    const good =
      "There is no connection. The stand-in is no longer used; it stands in for Okta. It is besides the point. It is up to date.";
    const link =
      "[decision 19](../decisions/0019-enforced-sign-on-and-the-owners-door.md), nobody@acme.example";
    for (const { name, pattern } of patterns) assert.doesNotMatch(readable(`${good} ${link}`), pattern, name);
  });

  it("agrees with docs/explanation/style.md", () => {
    const page = readFileSync("docs/explanation/style.md", "utf8");
    for (const { name, instead } of patterns) assert.ok(page.includes(`| ${name} | ${instead} |`), name);
  });
});

/** A line without the names of files, which outlive what their titles say. */
function readable(line: string): string {
  return line.replaceAll(/[\w./-]+\.(?:md|ts|mjs|ejs)\b/g, "");
}

function refuse(hits: string[], instead: string): void {
  assert.ok(hits.length === 0, `${hits.length} hits. ${instead}\n${hits.join("\n")}`);
}

/** The sentences of comments, of prose and of quoted texts, with their offsets; headings and tables have none. */
function sentencesOf(path: string, text: string): { start: number; sentence: string }[] {
  const isCode = [".ts", ".mjs"].includes(extname(path));
  const pieces = isCode
    ? [...text.matchAll(/\/\*[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n)+|"[^"\n]*"|`[^`]*`/gm)].map(
        ({ 0: piece, index }) => ({ piece, start: index }),
      )
    : split(
        blank(text, /^(?:```[\s\S]*?^```|#.*|\|.*)$|<%[\s\S]*?%>/gm),
        /\n\s*\n|^[ \t]*(?:[-*]|\d+\.) |<[^>]*>/gm,
      );
  return pieces.flatMap(({ piece, start }) => {
    const prose = blank(piece, /^[ \t]*(?:\/\*+|\*+\/?|\/\/)|["`]|\*+\/$/gm);
    return [...prose.matchAll(/\S[\s\S]*?(?:[.?!](?=\**\s)|$)/g)].map(({ 0: sentence, index }) => ({
      start: start + index,
      sentence: sentence.replaceAll(/\s+/g, " ").trim(),
    }));
  });
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** The pieces between the separators, with their offsets. */
function split(text: string, separator: RegExp): { piece: string; start: number }[] {
  const separators = [...text.matchAll(separator)];
  const starts = [0, ...separators.map(({ 0: found, index }) => index + found.length)];
  return starts.map((start, index) => ({ piece: text.slice(start, separators[index]?.index), start }));
}

/** Puts spaces in place of what is found, so that every other character stays where it is. */
function blank(text: string, found: RegExp): string {
  return text.replaceAll(found, (match) => match.replaceAll(/[^\n]/g, " "));
}

function textsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mjs|md|ejs)$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !path.includes("node_modules"))
    .sort();
}
