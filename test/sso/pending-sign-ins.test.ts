import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Request } from "express";
import { pendingSignIns } from "../../src/sso/sign-in.ts";
import { sealer } from "../../src/store/secrets.ts";

describe("a pending sign-in", () => {
  it("is not consumed by a GET without navigationOnly", async () => {
    const options = { sealer: sealer(randomBytes(32)), baseUrl: "http://localhost" };
    const pending = pendingSignIns(options, { name: "any", byCrossSitePost: false });
    for (const method of ["GET", "HEAD"]) {
      const req = { method, isNavigation: false } as Request;
      await assert.rejects(pending.resume(req, "id"), /navigationOnly has to run before/);
    }
  });
});
