import assert from "node:assert/strict";
import { htmlReport } from "oin-kit/check/html-report";
import { printed } from "oin-kit/check/print";
import type { CheckOutcome } from "oin-kit/check/run";
import { integration } from "../../../config/integration.ts";
import { connectionTypes } from "../../../src/sign-in-protocols.ts";
import { product } from "../../../tools/guide/src/product.ts";
import { createTestDatabase, type TestDatabase } from "../../helpers/databases.ts";
import { useReadyDeployment } from "../../helpers/readiness.ts";

const words = { pass: "Passes", fail: "Fails", warning: "Warning", "not-checkable": "Not checkable" };
const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string) => text.replace(/[&<>"']/g, (one) => entities[one] ?? one);

describe("the readiness report as a web page", () => {
  let use: TestDatabase;
  before(async () => {
    use = await createTestDatabase("SQLite");
  });
  after(() => use.dispose());
  const ready = useReadyDeployment(() => use);

  it("shows each rule of the JSON with its outcome, observation, source and remedy", async () => {
    const outcome = await ready().check({ areas: ["site", "listing", ...connectionTypes, "scim"] });
    const html = htmlReport(outcome);
    const rows = [...html.matchAll(/<tr role="row" id="rule-([^"]+)">([\s\S]*?)<\/tr>/g)];
    assert.deepEqual(
      rows.map(([, rule]) => rule),
      outcome.results.map(({ rule }) => rule),
    );
    for (const [index, { rule, verdict, seen, fix, source }] of outcome.results.entries()) {
      const row = rows[index]?.[2] ?? "";
      assert.ok(row.includes(`</span> ${words[verdict]}</span>`), rule);
      assert.ok(row.includes(escaped(seen)) && row.includes(`href="${escaped(source.url)}"`), rule);
      assert.equal(row.includes(escaped(fix)), verdict !== "pass", rule);
    }
    for (const count of Object.values(outcome.summary)) assert.ok(html.includes(`<td>${count}</td>`));
  });

  it("names the product, the deployment, the connections, the tool, and the time with its zone", async () => {
    const outcome = await ready().check({ areas: ["oidc"] }, { version: "1.2.3" });
    const html = htmlReport(outcome);
    const facts = Object.fromEntries(
      [...html.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map(([, name, value]) => [name, value]),
    );
    assert.deepEqual(
      [facts.Product, facts.Version, facts.Deployment, facts.Connections],
      [integration.displayName, "1.2.3", ready().front.url, ready().key],
    );
    assert.match(facts["Checked by"] ?? "", /^oin-kit \d+\.\d+\.\d+$/);
    assert.match(facts.Checked ?? "", /20\d\d at \d\d:\d\d:\d\d \S+ \(20\d\d-.*Z\), for \d+ seconds$/);
    assert.match(html, /Declared, but left out of this check: The deployment; The catalog entry; /);
  });

  it("is one file without scripts that loads nothing", async () => {
    const html = htmlReport(await ready().check({ areas: ["site"] }));
    assert.doesNotMatch(html, /<script|<link|<img|<iframe|\ssrc=|@import|url\(/i);
    assert.match(html, /<meta http-equiv="Content-Security-Policy" content="default-src 'none';/);
  });

  it("prints nothing that a server or a manifest could inject", async () => {
    const attack = "\"'><script>alert(1)</script><!--\u202e";
    ready().front.plant({
      answer(exchange) {
        exchange.headers["content-type"] = "text/<script>alert(1)</script>\"'";
      },
    });
    const manifest = { ...integration, displayName: attack };
    const outcome = await ready().check(
      { areas: ["listing", "site", "oidc", "universal-logout"] },
      { product: { ...product, manifest }, version: attack },
    );
    const left: CheckOutcome["left"] = [{ kind: "user", id: attack, why: attack }];
    const html = htmlReport({ ...outcome, left });
    assert.match(html, /text\/&lt;script&gt;/);
    assert.doesNotMatch(html, /<script|<!--|\u202e/);
    assert.match(html, /⟨U\+202E⟩/);
  });

  it("never shows the token, even if the server echoes it in every form", async () => {
    const { token, front } = ready();
    const secret = `${token}+/=`;
    front.plant({
      request(exchange) {
        const isTokens = exchange.requestHeaders.authorization?.includes(token);
        if (isTokens) exchange.requestHeaders.authorization = `Bearer ${token}`;
        // The person cannot be removed, so the report lists what is left, with the server's answer.
        return isTokens && exchange.method === "DELETE" ? { status: 500, headers: {}, body: "" } : undefined;
      },
      answer({ headers }) {
        headers["content-type"] = `application/scim+json-${secret}-${encodeURIComponent(secret)}`;
      },
    });
    const outcome = await ready().check({ areas: ["scim"], scimToken: `Bearer ${secret}` });
    assert.ok(outcome.left.length > 0);
    for (const text of [htmlReport(outcome), JSON.stringify(outcome), printed(outcome, false)]) {
      assert.match(text, /\[token\]/);
      assert.ok(!text.includes(token));
    }
  });
});
