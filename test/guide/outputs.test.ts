import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { recordedInputs } from "oin-kit/writer/inputs";
import { currentInputs } from "../../tools/guide/src/artifacts.ts";
import { fileUrl, inputsFile } from "../../tools/guide/src/files.ts";
import { currentSubmission, guideTexts, submissionTexts } from "../../tools/guide/src/outputs.ts";

const remedy = "stale: run npm run guide, and commit what it writes";

describe("the output of npm run guide", () => {
  for (const [path, text] of [...guideTexts(), ...submissionTexts(currentSubmission())]) {
    it(`${path} is current`, () => {
      assert.ok(existsSync(fileUrl(path)), remedy);
      assert.equal(readFileSync(fileUrl(path), "utf8") === text, true, remedy);
    });
  }

  it("knows without a browser that its pictures and PDFs are up to date", async () => {
    const wanted = Object.fromEntries([...(await currentInputs())].sort(([a], [b]) => (a < b ? -1 : 1)));
    assert.ok(Object.keys(wanted).length >= 6);
    assert.deepEqual(recordedInputs(inputsFile), wanted, remedy);
    for (const path of Object.keys(wanted)) {
      const start = readFileSync(fileUrl(path)).subarray(0, 5).toString("latin1");
      assert.equal(start, path.endsWith(".pdf") ? "%PDF-" : "\x89PNG\r", path);
    }
  });

  it("shows every picture that it takes or draws, and names no other but screenshots of Okta", async () => {
    const folder = "views/guide";
    const templates = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".md.ejs"),
    );
    const texts = templates.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
    const names = (pattern: RegExp) =>
      [...new Set([...texts.matchAll(pattern)].map(([, name]) => name))].sort();
    const shown = names(/figure\("([^"]+)"/g);
    assert.deepEqual(names(/see\("([^"]+)"/g), shown, "each picture that a step points to is shown");
    const taken = [...(await currentInputs()).keys()].flatMap(
      (path) => /images\/(.*)\.png$/.exec(path)?.[1] ?? [],
    );
    assert.ok(taken.length >= 5);
    // A screenshot of the ISV's own replaces a drawing, which is not taken then.
    const others = shown.filter((name) => !taken.includes(name ?? ""));
    assert.deepEqual(
      others.filter((name) => !name?.startsWith("okta-")),
      [],
    );
    assert.deepEqual(
      taken.filter((name) => !shown.includes(name)),
      [],
    );
    const page = readFileSync("docs/how-to/publish-in-the-oin.md", "utf8");
    const explained = [...page.matchAll(/^\| `(okta-[\w-]+)\.png`/gm)].map(([, name]) => name);
    assert.deepEqual(
      explained.sort(),
      shown.filter((name) => name?.startsWith("okta-")),
    );
  });
});
