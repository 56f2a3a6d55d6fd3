import assert from "node:assert/strict";
import { runProgram } from "../../../test/helpers/processes.ts";

interface Row {
  name: string;
  executed: number;
  functions: number;
  toRead: string[];
  files: Record<string, string[]>;
}

describe("the walks", () => {
  it("count the files that each request executes, and name those that explain it", async function () {
    this.timeout(180_000);
    const program = runProgram("tools/walks/src/main.ts", ["--json"], {});
    assert.equal(await program.ended, 0, program.stderr());
    const rows: Row[] = JSON.parse(program.stdout());
    assert.deepEqual(
      rows.map(({ name }) => name),
      ["OIDC callback", "SAML ACS", "SAML finish", "SCIM POST user", "SCIM PATCH group", "SAML sign-in"],
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
    }
  });

  it("explain the options after an unknown one", async () => {
    const program = runProgram("tools/walks/src/main.ts", ["--jsno"], {});
    assert.equal(await program.ended, 2);
    assert.match(program.stderr(), /npm run walks -- \[--json\]/);
  });
});
