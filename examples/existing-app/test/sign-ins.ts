import assert from "node:assert/strict";
import { assign } from "okta-stand-in/people";
import type { Visitor } from "okta-stand-in/visitor";
import { type RunningExample, startExample, throughOrg } from "./example.ts";

/** The example with two people in its table, and the steps of the tests of sign-ins. */
export interface SignIns {
  /** The running example of a test. */
  example(): RunningExample;
  rowsIn(table: string): Promise<number>;
  /** Leaves for the org, and returns the path at which the browser comes back. */
  oidcCallback(
    browser: Visitor,
    more?: { change?: (url: string) => string; person?: RunningExample["ada"] },
  ): Promise<string>;
  assertSignedIn(browser: Visitor, email: string): Promise<void>;
  assertRefused(answer: Awaited<ReturnType<Visitor["get"]>>, reason: string): Promise<void>;
}

/** Defines the hooks. */
export function useSignIns(): SignIns {
  let example: RunningExample;
  beforeEach(async () => {
    example = await startExample();
    const { org, oidcApp, ada, bob } = example;
    await assign(org, oidcApp, [ada.id, bob.id]);
    assert.equal(await rowsIn("users"), 2);
  });
  afterEach(() => example.close());

  async function rowsIn(table: string): Promise<number> {
    const [row] = await example.sql(table).count({ count: "*" });
    return Number(row?.count);
  }

  return {
    example: () => example,
    rowsIn,
    async oidcCallback(browser, { change = (url: string) => url, person = example.ada } = {}) {
      const { location } = await browser.get("/oidc/login");
      const atOrg = await example.org.signedIn(person);
      const { pathname, search } = new URL((await throughOrg(example, atOrg, change(location ?? ""))).url);
      assert.equal(pathname, "/oidc/callback");
      return pathname + search;
    },
    async assertSignedIn(browser, email) {
      assert.equal((await browser.get("/")).text, `Signed in as ${email}.\n`);
    },
    async assertRefused(answer, reason) {
      assert.deepEqual([answer.status, answer.text], [403, `Sign-in refused: ${reason}\n`]);
      assert.equal(await rowsIn("sessions"), 0);
      assert.equal(example.logged.length, 1);
    },
  };
}
