import assert from "node:assert/strict";
import { readingOrder } from "../../../test/helpers/docs.ts";
import { runProgram } from "../../../test/helpers/processes.ts";

interface Row {
  name: string;
  executed: number;
  functions: number;
  toRead: string[];
  files: Record<string, string[]>;
}

/** The room of each request, and the most files that it may execute and that a learner should have to read for it. */
const limits: Record<string, { room: string; executed: number; toRead: number }> = {
  "OIDC callback": { room: "oidc", executed: 34, toRead: 7 },
  "SAML ACS": { room: "saml", executed: 25, toRead: 8 }, // SAML
  "SAML finish": { room: "saml", executed: 28, toRead: 8 }, // SAML
  "SCIM POST user": { room: "scim", executed: 26, toRead: 6 },
  "SCIM PATCH group": { room: "scim", executed: 24, toRead: 6 },
  // The endpoint is a room of its own, because provisioning has grants, too, and each sign-in protocol names people in its own
  // way: three files more than a room alone.
  "Token request": { room: "cross-app-access", executed: 43, toRead: 9 },
  "API call": { room: "tasks", executed: 24, toRead: 8 }, // sample domain
  "Universal Logout": { room: "universal-logout", executed: 32, toRead: 6 },
  "Security event": { room: "shared-signals", executed: 33, toRead: 7 },
  // The answer is a page, which has the person's organisations, and the console asks for a recent sign-in.
  "SCIM consent": { room: "scim-authorization", executed: 35, toRead: 5 },
  "SCIM code": { room: "scim-authorization", executed: 28, toRead: 7 },
  // SAML {
  // Two requests: each has a limit of its own for what it executes.
  "SAML sign-in": { room: "saml", executed: Number.POSITIVE_INFINITY, toRead: 8 },
  // SAML }
};

/** The walks that a page's section "Read the code in this order" follows. */
const pages: Record<string, readonly string[]> = {
  oidc: ["OIDC callback"],
  saml: ["SAML sign-in"], // SAML
  scim: ["SCIM POST user", "SCIM PATCH group"],
  "universal-logout": ["Universal Logout"],
  "cross-app-access": ["Token request", "API call"],
  "shared-signals": ["Security event"],
  "scim-authorization": ["SCIM consent", "SCIM code"],
};

describe("the walks", () => {
  let rows: Row[];
  before(async function () {
    this.timeout(180_000);
    const program = runProgram("tools/walks/src/main.ts", ["--json"], {});
    assert.equal(await program.ended, 0, program.stderr());
    rows = JSON.parse(program.stdout());
  });

  for (const [page, names] of Object.entries(pages)) {
    it(`execute the files that docs/explanation/${page}.md leads through, and it links to all that explain them`, () => {
      const walked = rows.filter(({ name }) => names.includes(name));
      assert.equal(walked.length, names.length);
      const executed = new Set(walked.flatMap(({ files }) => Object.keys(files)));
      const { steps, linked } = readingOrder(`docs/explanation/${page}.md`);
      assert.deepEqual(
        steps.map(({ file }) => file).filter((file) => !executed.has(file)),
        [],
        "listed, and not executed",
      );
      assert.deepEqual(
        [...new Set(walked.flatMap(({ toRead }) => toRead))]
          .filter((file) => !file.startsWith("src/tasks/")) // sample domain
          .filter((file) => !linked.includes(file)),
        [],
        "executed, and not linked to",
      );
    });
  }

  it("count the files that each request executes and those that explain it, within their limits", () => {
    assert.deepEqual(
      rows.map(({ name }) => name),
      Object.keys(limits),
    );
    for (const { name, executed, functions, toRead, files } of rows) {
      const most = limits[name];
      assert.ok(
        toRead.some((path) => path.startsWith(`src/${most?.room}/`)),
        name,
      );
      assert.equal(executed, Object.keys(files).length, name);
      assert.equal(functions, Object.values(files).flat().length, name);
      assert.ok(executed > toRead.length && toRead.length > 0, name);
      assert.ok(functions > executed, name);
      assert.ok(
        toRead.every((path) => path in files),
        name,
      );
      assert.ok(files["src/store/database.ts"], `${name} reaches the database`);
      // On a slow machine, what the recorder knows expires between two requests, and it asks again.
      const own = Object.keys(files).filter((path) => path !== "src/store/recordings.ts");
      assert.ok(most && own.length <= most.executed, `${name} executes ${own.length} files`);
      assert.ok(toRead.length <= most.toRead, `${name}: ${toRead.length} files to read`);
    }
  });

  it("explain the options after an unknown one", async () => {
    const program = runProgram("tools/walks/src/main.ts", ["--jsno"], {});
    assert.equal(await program.ended, 2);
    assert.match(program.stderr(), /npm run walks -- \[--json\]/);
  });
});
