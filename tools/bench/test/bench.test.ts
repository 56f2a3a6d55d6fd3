import assert from "node:assert/strict";
import { runProgram } from "../../../test/helpers/processes.ts";

/** The lines of each part, as patterns. */
const ofBothEngines = [
  "GET /Users/\\{id\\} : two reads",
  "GET /Users\\?filter=userName eq : two reads",
  "page : scimmy",
  "PATCH 16 \\+ 16 of 300 members, p95",
  "memory gained over 5 of them",
  "create, growth",
  "random index page after \\d+ deletions, median",
  "event loop delay meanwhile, p99",
  "/admin/people\\?q=user5, growth",
  "/admin/activity, growth",
  "API call : one read",
  "token requests",
  "API call, growth from 100 tokens",
  "token request, growth from 100 tokens",
];
/** These take their time outside the database, so one engine shows that they run. */
const ofSqlite = [
  "npm run demo until it is ready, median", // demo only
  "npm run admin -- demo reset, median", // demo only
  "accepted ACS posts : node-saml's validations", // SAML
  "dearest of \\d+ refusals \\([^|]*\\) : acceptance",
];
const partsOfBothEngines = "lookups,pages,patch,growth,positions,tenants,inspector,console,agents,import";

/** Checks only that everything is measured: on a machine that also runs other tests, the figures mean nothing. */
describe("the benchmark", () => {
  for (const { engine, options, printed } of [
    { engine: "SQLite", options: [], printed: [...ofBothEngines, ...ofSqlite] },
    { engine: "PostgreSQL", options: ["--only", partsOfBothEngines], printed: ofBothEngines },
  ]) {
    it(`runs to its end on ${engine} and prints a line for everything`, async function () {
      this.timeout(600_000);
      const { TEST_POSTGRES_URL = "" } = process.env;
      const words = ["--quick", "--engine", engine.toLowerCase(), ...options];
      const program = runProgram("tools/bench/src/main.ts", words, { TEST_POSTGRES_URL });
      assert.equal(await program.ended, 0, program.stderr());
      const table = program.stdout();
      assert.match(table, /Node v\d+/);
      assert.match(table, new RegExp(`${engine} \\d+\\.\\d+`), "its version");
      for (const what of printed)
        assert.match(table, new RegExp(`^\\| ${engine} +\\|[^|]*\\| ${what} +\\| [\\d.]`, "m"));
      for (const what of ["missing", "doubled"]) {
        for (const how of ["index", "cursor"]) {
          const line = new RegExp(`^\\| ${engine} .*users ${what} by ${how} +\\| 0\\.00 `, "m");
          assert.match(table, line, "a full import is complete at any size");
        }
      }
    });
  }

  it("explains its options after an unknown one", async () => {
    const program = runProgram("tools/bench/src/main.ts", ["--quickly"], {});
    assert.equal(await program.ended, 2);
    assert.match(program.stderr(), /--quick .*\n.*--large/);
  });
});
