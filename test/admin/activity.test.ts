import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { ActivityEntry } from "../../src/store/tenant/activity.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { submit } from "../helpers/forms.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { shownOnce } from "../helpers/seen.ts";
import { plantSession, useSite } from "../helpers/site.ts";

const entry: ActivityEntry = {
  actorKind: "admin",
  actor: "ada@acme.example",
  action: "user.blocked",
  targetId: null,
  changed: [],
  requestId: null,
};

/** Parses a CSV with one record per line. */
function recordsOf(text: string): string[][] {
  return text
    .trimEnd()
    .split("\r\n")
    .map((line) =>
      [...line.matchAll(/"((?:[^"]|"")*)"|([^,"]+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ""),
    );
}

describe("activity in the admin console", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let client: Client;
    let ada: { id: string };
    before(async () => {
      ada = await createLocalAccount(site().acme.store, "ada@acme.example");
    });
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
    });
    const at = (time: string) => forTenant(use().database, site().acme.tenant.id, () => Date.parse(time));
    const nextIn = (text: string) => /href="([^"]*)" rel="next"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
    const rowsIn = (text: string) => text.match(/<tr>/g)?.length ?? 1;

    it("is shown page by page, newest first, with names instead of ids", async () => {
      const { store } = site().acme;
      for (let count = 0; count < 60; count++) {
        await store.activity.record({
          ...entry,
          actorKind: "provisioning",
          action: "user.updated",
          targetId: ada.id,
          changed: ["active"],
        });
      }
      const first = (await client.get("/admin/activity?kind=provisioning")).text;
      assert.match(first, /<span class="entry-what">User updated<\/span>/);
      assert.match(first, new RegExp(`<a href="/admin/people/${ada.id}">ada@acme.example</a>`));
      assert.equal(rowsIn(first) - 1, 50);
      assert.equal(rowsIn((await client.get(nextIn(first) ?? assert.fail())).text) - 1, 10);
    });

    it("can be filtered by person, as actor and as target, even after they were deleted", async () => {
      const { store } = site().acme;
      const gone = await createLocalAccount(store, "gone@acme.example");
      await store.activity.record({ ...entry, action: "user.unblocked", targetId: gone.id });
      await store.activity.record({
        ...entry,
        action: "domain.added",
        actor: "gone@acme.example",
        actorId: gone.id,
      });
      assert.equal(rowsIn((await client.get("/admin/activity?who=GONE@acme.example")).text) - 1, 2);
      await store.users.remove(gone.id);
      assert.match(
        (await client.get("/admin/activity?who=gone@acme.example")).text,
        /No one has this login name/,
      );
      const byId = (await client.get(`/admin/activity?who=${gone.id}`)).text;
      assert.match(byId, /User unblocked/);
      assert.match(byId, /Domain added/);
    });

    it("can be filtered by days, including the last one", async () => {
      for (const time of [
        "2020-01-01T23:59:59.999Z",
        "2020-01-02T00:00:00Z",
        "2020-01-03T23:59:59.999Z",
        "2020-01-04T00:00:00Z",
      ])
        await at(time).activity.record(entry);
      const page = await client.get("/admin/activity?from=2020-01-02&until=2020-01-03");
      assert.deepEqual(
        [...page.text.matchAll(/<time datetime="2020-01-(..)/g)].map(([, day]) => day),
        ["03", "02"],
      );
      assert.match(
        (await client.get("/admin/activity?from=2020-99-99&until=x")).text,
        /2020-01-04|Next page/,
      );
    });

    for (const query of ["after=x", `after=${Buffer.from('{"at":"1","id":2}').toString("base64url")}`]) {
      it(`refuses the position ${query}`, async () => {
        assert.equal((await client.get(`/admin/activity?${query}`)).status, 400);
      });
    }

    describe("export", () => {
      it("contains every entry that matches the filter, in both formats, and is recorded itself", async () => {
        const { store } = await createTestTenant(use().database);
        await store.transaction(async (inside) => {
          for (let count = 0; count < 1_203; count++)
            await inside.activity.record({
              ...entry,
              actor: `actor ${count}`,
              action: count % 3 ? "token.created" : "user.blocked",
            });
        });
        const owner = await createLocalAccount(store, "owner@b.example", "owner");
        const theirs = site().app.client();
        const tenant = { id: store.tenantId } as Parameters<typeof plantSession>[1];
        theirs.cookies.set("session", await plantSession(use(), tenant, owner));
        const csv = await theirs.get("/admin/activity/export.csv");
        assert.match(csv.headers.get("content-type") ?? "", /^text\/csv/);
        assert.match(csv.headers.get("content-disposition") ?? "", /attachment; filename="?activity\.csv"?/);
        const [head, ...records] = recordsOf(csv.text);
        assert.equal(head?.[0], "time");
        assert.equal(records.length, 1_204, "and the export's own");
        assert.equal(new Set(records.map((record) => record.at(-1))).size, 1_204);
        const lines = (await theirs.get("/admin/activity/export.jsonl?kind=people")).text
          .trimEnd()
          .split("\n");
        assert.equal(lines.length, 401);
        assert.deepEqual(new Set(lines.map((line) => JSON.parse(line).kind)), new Set(["people"]));
        const own = (await store.activity.latest(5)).filter(({ action }) => action === "activity.exported");
        assert.deepEqual(
          own.map(({ actorId }) => actorId),
          [owner.id, owner.id],
        );
      });

      for (const actor of [
        ...["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", `="a"`],
        ...["＝1+1", "＋1", "－1", "＠SUM(A1)", "  =1+1", "\u00a0=1", "\ufeff=1"],
      ]) {
        it(`prevents spreadsheets from running ${JSON.stringify(actor)} as a formula`, async () => {
          const requestId = randomUUID();
          await site().acme.store.activity.record({ ...entry, actor, changed: ["=2"], requestId });
          const csv = await client.get("/admin/activity/export.csv");
          const line = csv.text.split('\r\n"').find((text) => text.includes(requestId)) ?? assert.fail();
          assert.ok(line.includes(`"'${actor.replaceAll('"', '""')}"`), line);
          assert.ok(line.includes(`"'=2"`));
          const json = (await client.get("/admin/activity/export.jsonl")).text.split("\n");
          assert.equal(
            JSON.parse(json.find((text) => text.includes(requestId)) ?? "{}").actor,
            actor,
            "as it was",
          );
        });
      }

      it("is denied to members", async () => {
        const member = await createLocalAccount(site().acme.store, "member@acme.example");
        assert.equal((await (await site().clientOf(member)).get("/admin/activity/export.csv")).status, 404);
      });
    });

    describe("retention", () => {
      it("is set by an administrator", async () => {
        assertRedirect(
          await submit(client, "/admin/activity", "/retention", { days: "90" }),
          "/admin/activity",
        );
        assert.match((await client.get("/admin/activity")).text, /Activity is kept for 90 days/);
        assert.equal((await site().acme.store.activity.latest(1))[0]?.action, "activity.retention_changed");
      });

      for (const days of ["", "29", "3651", "1e9", "-1", "soon", "90.5"]) {
        it(`cannot be "${days}" days`, async () => {
          const before = await site().acme.store.settings.read();
          const posted = await submit(client, "/admin/activity", "/retention", { days });
          const text = "Nothing was changed. Correct this field: Days: Activity is kept for 30 to 3650 days.";
          const answer = await shownOnce(client, posted, "/admin/activity", text);
          assert.match(answer.text, new RegExp(`id="days" name="days" value="${days}"[^>]* autofocus`));
          assert.deepEqual(await site().acme.store.settings.read(), before);
        });
      }
    });
  });
});
