import assert from "node:assert/strict";
import { type ForkRecord, readOptions } from "../src/options.ts";

const words = (name: string, slug = "shelf") => ["--name", name, "--slug", slug];
const record: ForkRecord = { name: "Shelfwise", slug: "shelf", remove: ["tasks"] };

describe("the options of npm run fork", () => {
  it("are a name, a slug and what to remove", () => {
    assert.deepEqual(readOptions([...words("Shelf Wise 2.0"), "--remove", "tasks"], null), {
      name: "Shelf Wise 2.0",
      slug: "shelf",
      remove: ["tasks"],
      guide: true,
    });
    assert.equal(readOptions([...words("Shelf"), "--no-guide"], null).guide, false);
    assert.deepEqual(readOptions(words("Shelf"), null).remove, []);
    assert.deepEqual(readOptions([...words("Shelf"), "--remove", "demo, tasks"], null).remove, [
      "tasks",
      "demo",
    ]);
  });

  it("are those of the earlier run where they are absent, and what was removed stays removed", () => {
    assert.deepEqual(readOptions([], record), { ...record, guide: true });
    assert.deepEqual(readOptions(["--name", "Other"], record), { ...record, name: "Other", guide: true });
  });

  const refused: [string, string[], RegExp][] = [
    ["nothing, at the first run", [], /^Give the product's name and slug/],
    ["no slug, at the first run", ["--name", "Shelf"], /^Give the product's name and slug/],
    ["an empty name", words(""), /^The name "" is not acceptable/],
    ["a name with a quote", words('Shelf"'), /is not acceptable: use at most 40 letters/],
    ["a name with a special character of patterns", words("Shelf*"), /is not acceptable/],
    ["a name with two spaces", words("Shelf  Wise"), /is not acceptable/],
    ["a name with a line break", words("Shelf\nWise"), /is not acceptable/],
    ["a name that is too long", words("S".repeat(41)), /is not acceptable/],
    ["a slug in upper case", words("Shelf", "Shelf"), /^The slug "Shelf" is not acceptable/],
    ["a slug that ends with a hyphen", words("Shelf", "shelf-"), /is not acceptable/],
    ["a slug that leaves its folder", words("Shelf", "../shelf"), /is not acceptable/],
    ["a slug of one letter", words("Shelf", "s"), /is not acceptable/],
    ["a slug that is too long for a URN", words("Shelf", "s".repeat(33)), /is not acceptable/],
    [
      "a part that it cannot remove",
      [...words("Shelf"), "--remove", "tasks,scim"],
      /^--remove knows tasks, demo, saml, not "scim"/,
    ],
    ["an empty part", [...words("Shelf"), "--remove", ""], /^--remove knows tasks, demo, saml, not ""/],
    ["an unknown switch", [...words("Shelf"), "--rename"], /Unknown option '--rename'/],
    ["a word without a switch", ["Shelf"], /Unexpected argument 'Shelf'/],
  ];
  for (const [what, given, message] of refused) {
    it(`refuse ${what}`, () => {
      assert.throws(() => readOptions(given, null), { name: "ForkError", message });
    });
  }
});
