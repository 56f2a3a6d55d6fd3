import assert from "node:assert/strict";
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
  "SAML ACS": { room: "saml", executed: 25, toRead: 8 },
  "SAML finish": { room: "saml", executed: 30, toRead: 8 },
  "SCIM POST user": { room: "scim", executed: 26, toRead: 6 },
  "SCIM PATCH group": { room: "scim", executed: 24, toRead: 6 },
  // The endpoint is a room of its own, because provisioning has grants, too: two files more than a room alone.
  "Token request": { room: "cross-app-access", executed: 42, toRead: 8 },
  "API call": { room: "tasks", executed: 24, toRead: 8 }, // sample domain
  // Two requests: each has a limit of its own for what it executes.
  "SAML sign-in": { room: "saml", executed: Number.POSITIVE_INFINITY, toRead: 8 },
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
