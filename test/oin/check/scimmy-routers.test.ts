import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type CheckOutcome, runCheck } from "oin-kit/check/run";
import { checkout } from "../../helpers/readiness.ts";

const token = "a token of the tests";
/** The token with a scheme of its own, which the check sends unchanged. */
const scimToken = `Bearer ${token}`;

describe("oin:check of a foreign SCIM server, made with scimmy-routers,", () => {
  let server: ChildProcess;
  let scimUrl: string;
  let outcome: CheckOutcome;

  before(async () => {
    const words = ["--import", "tsx", "test/helpers/scimmy-server.ts", token];
    server = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
    assert.ok(server.stdout);
    for await (const line of createInterface(server.stdout)) {
      scimUrl = line;
      break;
    }
    const options = { url: null, connections: [], idpMetadata: null, areas: ["scim" as const] };
    outcome = await runCheck({ ...options, scimUrl, scimToken }, checkout);
  });
  after(() => server.kill());

  it("runs to the end, and finds exactly its real faults", () => {
    const broken = (verdict: string) =>
      outcome.results.filter((one) => one.verdict === verdict).map(({ rule }) => rule);
    assert.deepEqual(broken("fail").sort(), [
      "scim-beyond-end",
      "scim-filter-case",
      "scim-filter-characters",
      "scim-filter-invalid",
      "scim-group-add-again",
      "scim-group-characters",
      "scim-group-import-complete",
      "scim-group-page-size",
      "scim-import-complete",
      "scim-items-per-page",
      "scim-page-size",
      "scim-paging",
    ]);
    assert.deepEqual(broken("warning").sort(), [
      "scim-count-zero",
      "scim-group-unknown-member",
      "scim-location",
      "scim-start-index",
      "scim-test-data",
      "scim-www-authenticate",
    ]);
    const judged = outcome.results.filter(({ verdict }) => verdict !== "not-checkable");
    assert.ok(judged.length > 60, String(judged.length));
  });

  it("reports its observations", () => {
    const seen = (rule: string) => outcome.results.find((result) => result.rule === rule)?.seen ?? "";
    assert.match(seen("scim-paging"), /count=1 gave 4, count=2 gave 4/);
    assert.match(seen("scim-items-per-page"), /itemsPerPage 20/);
    assert.match(seen("scim-page-size"), /20 of 10\d/);
    assert.match(seen("scim-filter-characters"), /400 .*, for "$/);
    assert.match(seen("scim-group-add-again"), /listed twice/);
    assert.match(seen("scim-filter-case"), /OINCHECK/);
  });

  it("removes its test data", async () => {
    const headers = { authorization: `Bearer ${token}` };
    for (const kind of ["Users", "Groups"]) {
      const answer = await fetch(`${scimUrl}/${kind}`, { headers });
      assert.equal(((await answer.json()) as { totalResults: number }).totalResults, 0);
    }
    assert.deepEqual(outcome.left, []);
  });
});
