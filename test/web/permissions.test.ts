import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { Request, Response } from "express";
import { productActivity } from "../../config/activity.ts";
import { type EntitlementId, entitlements } from "../../config/entitlements.ts";
import { ForbiddenError } from "../../src/errors.ts";
import { type Role, roles } from "../../src/model.ts";
import { activityKinds } from "../../src/store/tenant/activity.ts";
import { memberEntry } from "../../src/web/activity.ts";
import {
  checkEntitlement,
  checkRole,
  hasEntitlement,
  hasRole,
  requireEntitlement,
  requireRole,
} from "../../src/web/permissions.ts";

const personWith = (role: Role, ...assigned: string[]) => ({ user: { entitlements: assigned }, role });

/** Whether a guard lets a request pass. Throws what the guard throws. */
function passes(guard: ReturnType<typeof requireRole>, request: object): boolean {
  let passed = false;
  guard(request as Request, {} as Response, () => {
    passed = true;
  });
  return passed;
}

describe("entitlements and roles", () => {
  for (const { id, displayName } of entitlements) {
    it(`${id} is asked by its id, for a person in a browser and for one with an agent`, () => {
      const [has, lacks] = [personWith("member", id), personWith("owner", `${id}s`, "")];
      const guard = requireEntitlement(id as EntitlementId);
      for (const who of ["person", "acting"]) {
        assert.equal(passes(guard, { [who]: has }), true);
        assert.throws(() => passes(guard, { [who]: lacks }), ForbiddenError);
      }
      assert.equal(hasEntitlement(lacks, id as EntitlementId), false);
      assert.throws(
        () => checkEntitlement(lacks, id as EntitlementId),
        (error: Error) => error.message.includes(displayName),
      );
    });
  }

  it("of a token's person count, and not those of a session that comes along", () => {
    const request = { acting: personWith("member"), person: personWith("owner") };
    assert.throws(() => passes(requireRole("admin"), request), ForbiddenError);
  });

  for (const needed of roles) {
    it(`${needed} includes the higher roles, and no lower one`, () => {
      const allowed = roles.filter((role) => hasRole({ role }, needed));
      assert.deepEqual(allowed, roles.slice(roles.indexOf(needed)));
      for (const role of roles) {
        if (allowed.includes(role))
          assert.equal(passes(requireRole(needed), { person: personWith(role) }), true);
        else assert.throws(() => checkRole({ role }, needed), ForbiddenError);
      }
    });
  }
});

describe("the product's activity", () => {
  it("has kinds and subjects of its own, and icons that exist", () => {
    const kinds = productActivity.map(({ kind }) => kind);
    assert.equal(new Set([...kinds, ...activityKinds]).size, kinds.length + activityKinds.length);
    for (const { icon, actions } of productActivity) {
      assert.ok(existsSync(`views/icons/${icon}.ejs`), icon);
      for (const action of Object.keys(actions)) assert.match(action, /^[a-z_]+\.[a-z_]+$/);
    }
    const all = productActivity.flatMap(({ actions }) => Object.keys(actions));
    assert.equal(new Set(all).size, all.length);
  });

  it("names the person as the actor, or the agent for the person", () => {
    const event = { kind: "any", action: "thing.done", targetId: "1" } as never;
    const by = { user: { id: "u", loginName: "ada@acme.example" }, requestId: "r" };
    const { actorKind, actor, actorId, changed } = memberEntry({ ...by, agent: null }, event);
    assert.deepEqual([actorKind, actor, actorId, changed], ["member", "ada@acme.example", "u", []]);
    const agent = memberEntry({ ...by, agent: { name: "Scribe", act: "wlp1" } }, event);
    assert.deepEqual([agent.actorKind, agent.actor, agent.actorId], ["agent", "Scribe (wlp1)", "u"]);
  });
});
