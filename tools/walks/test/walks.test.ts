import assert from "node:assert/strict";
import { runProgram } from "../../../test/helpers/processes.ts";

interface Row {
  name: string;
  executed: number;
  functions: number;
  toRead: string[];
  files: Record<string, string[]>;
}

/** The most files that a request may execute, and that a learner should have to read for it. */
const limits: Record<string, { executed: number; toRead: number }> = {
  "OIDC callback": { executed: 34, toRead: 7 },
  "SAML ACS": { executed: 25, toRead: 8 },
  "SAML finish": { executed: 30, toRead: 8 },
  "SCIM POST user": { executed: 26, toRead: 6 },
  "SCIM PATCH group": { executed: 24, toRead: 6 },
  // Two requests: each has a limit of its own for what it executes.
  "SAML sign-in": { executed: Number.POSITIVE_INFINITY, toRead: 8 },
};

describe("the walks", () => {
  it("count the files that each request executes and those that explain it, within their limits", async function () {
    this.timeout(180_000);
    const program = runProgram("tools/walks/src/main.ts", ["--json"], {});
    assert.equal(await program.ended, 0, program.stderr());
    const rows: Row[] = JSON.parse(program.stdout());
    assert.deepEqual(
      rows.map(({ name }) => name),
      Object.keys(limits),
    );
    const rooms = ["oidc", "saml", "saml", "scim", "scim", "saml"];
    for (const [at, { name, executed, functions, toRead, files }] of rows.entries()) {
      assert.ok(
        toRead.some((path) => path.startsWith(`src/${rooms[at]}/`)),
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
      const most = limits[name];
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
