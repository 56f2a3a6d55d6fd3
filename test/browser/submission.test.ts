import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Submission } from "oin-kit/submission";
import type { Page } from "playwright-core";
import { currentSubmission, submissionTexts } from "../../tools/guide/src/outputs.ts";
import { describeInBrowser } from "../helpers/browser.ts";

/** Texts that Markdown, a table or HTML would change: lines, spaces, tabs, and characters with a meaning. */
const awkward = [
  "one\n\n\n\nfive  \n\tindented\n3. three\n# no heading\n```\nfenced\n```\nlast",
  "two  spaces and `code` | pipe \\| and <b>&amp;</b> ![x](y) [[contents]]",
  " space before and after ",
  "https://app.example.com/$" + "{org.connection}/{app.connection}?a=1&b=2#'quoted' + app.x",
];

/** The values that a person types into the Wizard, in the order of its fields. */
const typed = ({ screens }: Submission) =>
  screens
    .flatMap(({ sections }) => sections.flatMap(({ fields }) => fields))
    .flatMap(({ kind, label, value }) =>
      kind === "text" ? [value ?? []].flat().map((text) => [label, text] as const) : [],
    );

describeInBrowser("the submission package as a page", (browser) => {
  const folder = mkdtempSync(join(tmpdir(), "submission-"));
  after(() => rmSync(folder, { recursive: true }));

  /** Opens the page of a submission from the disk. */
  async function opened(submission: Submission): Promise<Page> {
    const page = await browser.open({ permissions: ["clipboard-read", "clipboard-write"] });
    const file = join(folder, "submission.html");
    writeFileSync(file, submissionTexts(submission).get("docs/oin/submission.html") ?? "");
    await page.goto(pathToFileURL(file).href);
    return page;
  }

  /** Clicks every copy button of the Wizard's screens, and returns what each one copies. */
  async function copied(page: Page): Promise<string[]> {
    const next = "//h2[@id='each-url-in-each-dialect']";
    const texts: string[] = [];
    for (const button of await page.locator(`xpath=${next}/preceding::button[@data-copy]`).all()) {
      await button.click();
      texts.push(await page.evaluate<string>("navigator.clipboard.readText()"));
    }
    return texts;
  }

  it("copies every value of the Wizard as it is, one by one", async () => {
    const submission = currentSubmission();
    const page = await opened(submission);
    const wanted = typed(submission).map(([, text]) => text);
    assert.ok(wanted.length > 30);
    assert.deepEqual((await copied(page)).sort(), wanted.sort());
  });

  it("copies values of several lines and with special characters unchanged", async () => {
    const submission = currentSubmission();
    const [first, ...others] = submission.screens;
    assert.ok(first);
    const fields = awkward.map((value, index) => ({
      label: `Field ${index}`,
      required: true,
      value,
      kind: "text" as const,
      limit: null,
      note: "",
      stored: null,
    }));
    const changed = { ...first, sections: [{ title: "Awkward", note: "", fields }] };
    const page = await opened({ ...submission, screens: [changed, ...others] });
    const texts = await copied(page);
    assert.deepEqual(
      awkward.filter((text) => !texts.includes(text)),
      [],
    );
  });

  it("shows a heading for each screen and section of the Wizard, in order", async () => {
    const submission = currentSubmission();
    const page = await opened(submission);
    const headings = await page.locator("h2, h3").allTextContents();
    const wanted = submission.screens.flatMap(({ title, sections }, index) => [
      `Screen ${index + 1}: ${title}`,
      ...sections.map((section) => section.title),
    ]);
    const start = headings.indexOf(wanted[0] ?? "");
    assert.deepEqual(headings.slice(start, start + wanted.length), wanted);
  });

  it("prints every value without buttons, within the width of the paper", async () => {
    const submission = currentSubmission();
    const page = await opened(submission);
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 660, height: 1000 }); // A4 without its margins, at 96 dpi
    assert.equal(await page.getByRole("button").count(), 0);
    assert.equal(await page.evaluate<number>("document.documentElement.scrollWidth"), 660);
    const text = await page.locator("main").innerText();
    for (const [label, value] of typed(submission))
      assert.ok(text.replace(/\s+/g, " ").includes(value.replace(/\s+/g, " ").trim()), label);
  });

  it("answers no declaration in any of its files", () => {
    const certification = "I certify that I have successfully completed required tests";
    const [, values] =
      [...submissionTexts(currentSubmission())].find(([path]) => path.endsWith(".json")) ?? [];
    assert.equal(JSON.parse(values ?? "{}").Submit[certification], null);
    assert.match(readFileSync("docs/oin/values.yaml", "utf8"), new RegExp(`"${certification}": null`));
    for (const name of ["submission.md", "submission.html"])
      assert.doesNotMatch(
        readFileSync(`docs/oin/${name}`, "utf8"),
        new RegExp(`${certification} \\*\\s*(\\|\\s*Yes|</th><td[^>]*>Yes)`),
      );
  });
});
