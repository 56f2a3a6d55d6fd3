import assert from "node:assert/strict";
import {
  type ActivityEntry,
  type ActivityFilter,
  type ActivityKind,
  type ActivityPosition,
  activityKinds,
  type RecordedActivity,
} from "../../../src/store/tenant/activity.ts";
import { forTenant, type TenantStore } from "../../../src/store/tenant-store.ts";
import { onEachDatabase } from "../../helpers/databases.ts";
import { createTestTenant } from "../../helpers/people.ts";

const entry: ActivityEntry = {
  actorKind: "admin",
  actor: "ada@acme.example",
  action: "user.blocked",
  targetId: null,
  changed: [],
  requestId: null,
};

describe("activity", () => {
  onEachDatabase((use) => {
    let store: TenantStore;
    let all: RecordedActivity[];
    let now = 1_000;
    before(async () => {
      const { tenant } = await createTestTenant(use().database);
      store = forTenant(use().database, tenant.id, () => now);
      const actions = ["user.blocked", "token.created", "connection.updated", "group.role_changed"];
      const actors = ["admin", "operator", "sign-in", "provisioning", "universal-logout"] as const;
      await store.transaction(async (inside) => {
        for (let index = 0; index < 200; index++) {
          now = 1_000 + Math.floor(index / 7);
          await inside.activity.record({
            ...entry,
            actorKind: actors[index % 5] ?? "admin",
            action: actions[index % 4] ?? "",
            targetId: index % 3 === 0 ? "ada" : index % 3 === 1 ? "bob" : null,
            actorId: index % 4 === 0 ? "ada" : null,
          });
        }
      });
      all = await store.activity.page({}, null, 1_000);
    });

    it("is returned as it was recorded", async () => {
      now = 1;
      const wanted = {
        ...entry,
        changed: ["active"],
        targetId: "x",
        actorId: "y",
        reason: "z",
        requestId: "r",
      };
      const { tenant } = await createTestTenant(use().database);
      const own = forTenant(use().database, tenant.id, () => now);
      await own.activity.record(wanted);
      const [{ id, ...read } = assert.fail()] = await own.activity.latest(1);
      assert.deepEqual(read, { ...wanted, at: 1, kind: "people" });
      assert.match(id, /^[0-9a-f-]{36}$/);
    });

    it("is listed completely, newest first", () => {
      assert.equal(all.length, 200);
      const times = all.map(({ at }) => at);
      assert.deepEqual(
        times,
        [...times].sort((one, other) => other - one),
      );
    });

    const kinds: [Partial<ActivityEntry>, ActivityKind][] = [
      [{ action: "token.revoked" }, "tokens"],
      [{ action: "tombstone.lifted" }, "people"],
      [{ action: "domain.verified" }, "settings"],
      [{ actorKind: "operator", action: "group.role_changed" }, "people"],
      [{ actorKind: "provisioning", action: "user.created" }, "provisioning"],
      [{ actorKind: "sign-in", action: "sign_in.refused" }, "sign-in"],
      [{ actorKind: "universal-logout", action: "user.signed_out" }, "universal-logout"],
    ];
    for (const [what, kind] of kinds) {
      it(`lists ${JSON.stringify(what)} under ${kind}`, async () => {
        const own = (await createTestTenant(use().database)).store;
        await own.activity.record({ ...entry, ...what });
        assert.equal((await own.activity.page({ kind }, null, 10)).length, 1);
        for (const other of activityKinds.filter((name) => name !== kind))
          assert.equal((await own.activity.page({ kind: other }, null, 10)).length, 0);
      });
    }

    const filters: ActivityFilter[] = [
      {},
      { kind: "people" },
      { person: "ada" },
      { person: "bob", kind: "sign-in" },
      { person: "unknown" },
      { from: 1_005, until: 1_011 },
      { person: "ada", kind: "people", from: 1_003 },
      { until: 1_001 },
    ];
    for (const filter of filters) {
      it(`is paged with each entry once: ${JSON.stringify(filter)}`, async () => {
        const seen: RecordedActivity[] = [];
        let after: ActivityPosition | null = null;
        for (;;) {
          const page: RecordedActivity[] = await store.activity.page(filter, after, 9);
          seen.push(...page);
          after = page.at(-1) ?? null;
          if (page.length < 9) break;
        }
        const wanted = all.filter(
          ({ kind, at, targetId, actorId }) =>
            (filter.kind === undefined || kind === filter.kind) &&
            (filter.person === undefined || [targetId, actorId].includes(filter.person)) &&
            at >= (filter.from ?? 0) &&
            at < (filter.until ?? Number.POSITIVE_INFINITY),
        );
        assert.deepEqual(seen, wanted);
      });
    }
  });
});
