import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { Rule } from "policy-list/policy";
import { paths } from "../../src/endpoints.ts";
import { createLog } from "../../src/log.ts";
import * as policy from "../../src/web/access-token-policy.ts";
import { resourceGuard } from "../../src/web/access-tokens.ts";
import { requestContext } from "../../src/web/request.ts";
import { administratorWithKey, keyScopes } from "../helpers/api-keys.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";

/** A fault that only one rule sees: a change of the rows of the key or of its person, or another call. */
interface Fault {
  table?: "api_keys" | "users";
  change?: Record<string, unknown>;
  scheme?: string;
  path?: string;
}

const faults: Record<string, Fault> = {
  "token-expiry": { table: "api_keys", change: { expires_at: 1 } },
  "api-key-not-revoked": { table: "api_keys", change: { revoked_at: 1 } },
  "api-key-resource": { path: paths.mcp },
  "person-active": { table: "users", change: { active: false } },
  "person-not-blocked": { table: "users", change: { blocked: true } },
  "access-current": { table: "api_keys", change: { access_epoch: 99 } },
  "role-kept": { table: "api_keys", change: { role: "owner" } },
  "token-scheme": { scheme: "DPoP" },
  "scope-granted": { table: "api_keys", change: { scopes: "another.scope" } },
};
const lists = Object.values(policy).filter((value) => Array.isArray(value)) as Rule<never>[][];

describe("the rules of a call with an API key", () => {
  it("are all here", () => {
    assert.deepEqual(Object.keys(faults), [...new Set(policy.apiKeyPolicy.map(({ id }) => id))]);
  });

  onOneDatabase((use) => {
    let url: string;
    let broken: string | undefined;
    const server = createServer();
    before(async () => {
      const app = express().use(requestContext(createLog("silent")));
      for (const path of [paths.api, paths.mcp]) {
        const guard = resourceGuard(use().database, "https://app.test", path);
        app.use(path, (req, res, next) => {
          res.once("finish", () => {
            broken = req.presentedToken?.broken?.ruleId;
          });
          next();
        });
        app.use(path, guard.authenticate, guard.requireScope(keyScopes[0] ?? ""), (_req, res) => {
          res.status(204).end();
        });
      }
      await new Promise<void>((resolve) => server.on("request", app).listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    after(() => new Promise((resolve) => server.close(resolve)));

    for (const [rule, { table, change = {}, scheme = "Bearer", path = paths.api }] of Object.entries(faults))
      it(`${rule} alone refuses the call`, async () => {
        const { store } = await createTestTenant(use().database);
        const { user, key, id } = await administratorWithKey(store);
        const call = async (how = { scheme, path }) => {
          const headers = { authorization: `${how.scheme} ${key}`, connection: "close" };
          return (await fetch(url + how.path, { headers })).status;
        };
        assert.equal(await call({ scheme: "Bearer", path: paths.api }), 204);
        if (table) {
          const whose = table === "users" ? user.id : id;
          await use().database.sql()(table).where("id", whose).update(change);
        }
        assert.ok([401, 403].includes(await call()));
        assert.equal(broken, rule);
        const had = lists.map((rules) => [...rules]);
        for (const rules of lists) rules.splice(0, Infinity, ...rules.filter((one) => one.id !== rule));
        try {
          assert.equal(await call(), 204, "another rule refuses the call, too");
        } finally {
          for (const [index, rules] of lists.entries()) rules.splice(0, Infinity, ...(had[index] ?? []));
        }
      });
  });
});
