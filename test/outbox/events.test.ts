import assert from "node:assert/strict";
import { blockUser, endSessions, unblockUser } from "../../src/directory/access.ts";
import { deletePerson, giveGroupRole, giveRole } from "../../src/directory/administration.ts";
import {
  deleteProvisionedGroup,
  provisionGroup,
  updateProvisionedGroup,
} from "../../src/directory/groups.ts";
import { invitePerson, resendInvitation, revokeInvitation } from "../../src/directory/invitations.ts";
import { createLocalUser, inviteOwner, redeemPasswordLink } from "../../src/directory/local-accounts.ts";
import { noMails } from "../../src/directory/mails.ts";
import {
  deleteProvisionedUser,
  provisionUser,
  updateProvisionedUser,
} from "../../src/directory/provisioning.ts";
import { previewSignIn, signIn } from "../../src/directory/sign-in.ts";
import type { ProductEvent, Subscriptions } from "../../src/events.ts";
import { createLog } from "../../src/log.ts";
import { type EventCall, eventHandler } from "../../src/outbox/events.ts";
import { openRunner } from "../../src/outbox/runner.ts";
import type { Database } from "../../src/store/database.ts";
import { onEachDatabase, onOneDatabase } from "../helpers/databases.ts";
import { handlersOf } from "../helpers/outbox.ts";
import {
  createLocalAccount,
  createTestTenant,
  identityOf,
  provisioned,
  testPassword,
  testPasswords,
} from "../helpers/people.ts";

const everything = {
  audit: ["personCreated", "personChanged", "accessRevoked", "signedIn", "groupChanged"],
} as const satisfies Subscriptions;

type Told = { part: string; event: ProductEvent };

/** The events that wait, oldest first. */
async function told(database: Database): Promise<Told[]> {
  const rows = await database.sql()("outbox").where("kind", "event").orderBy("created_at").select("facts");
  return rows.map(({ facts }) => (typeof facts === "string" ? JSON.parse(facts) : facts));
}

/** Runs the work with the outbox empty before it, and returns the events that it told. */
async function toldBy(database: Database, work: () => Promise<unknown>): Promise<ProductEvent[]> {
  await database.sql()("outbox").delete();
  await work();
  return (await told(database)).map(({ event }) => event);
}

function runner(
  database: Database,
  handlers: Record<string, (call: EventCall<never>) => Promise<void>>,
  now = Date.now,
) {
  const all = handlersOf({ event: eventHandler(database, handlers) });
  return openRunner({ database, log: createLog("silent"), handlers: all, now });
}

describe("events for product code", () => {
  onOneDatabase((use) => {
    async function world() {
      const database = use().openAnother(everything);
      return { database, acme: await createTestTenant(database) };
    }

    it("tell of provisioned people", async () => {
      const { database, acme } = await world();
      const { store, writer } = acme;
      let userId = "";
      const create = async () => {
        userId = (await provisionUser(store, writer, provisioned("ada@acme.example"))).id;
      };
      assert.deepEqual(await toldBy(database, create), [{ name: "personCreated", userId }]);
      const change = (changes: object) => () => updateProvisionedUser(store, writer, userId, changes);
      const changed = { name: "personChanged", userId };
      assert.deepEqual(await toldBy(database, change({ displayName: "Ada" })), [changed]);
      const revoked = { name: "accessRevoked", userId, cause: "deactivated" };
      const deactivation = await toldBy(database, change({ active: false }));
      assert.equal(deactivation.length, 2);
      for (const event of [changed, revoked])
        assert.ok(deactivation.some((one) => JSON.stringify(one) === JSON.stringify(event)));
      assert.deepEqual(await toldBy(database, change({ active: false })), [changed], "they were inactive");
      const remove = () => deleteProvisionedUser(store, writer, userId);
      assert.deepEqual(await toldBy(database, remove), [{ name: "accessRevoked", userId, cause: "deleted" }]);
    });

    it("tell of people who sign in, and not of a preview", async () => {
      const { database, acme } = await world();
      const connection = await acme.connection();
      const identity = identityOf(connection, "grace@acme.example");
      assert.deepEqual(await toldBy(database, () => previewSignIn(acme.store, identity)), []);
      const first = await toldBy(database, () => signIn(acme.store, identity));
      assert.deepEqual(first.map(({ name }) => name).sort(), ["personCreated", "signedIn"]);
      const again = await toldBy(database, () => signIn(acme.store, identity));
      const [event] = again;
      assert.equal(again.length, 1);
      assert.equal(event?.name === "signedIn" && event.connectionId, connection.id);
    });

    it("tell what administrators and operators do", async () => {
      const { database, acme } = await world();
      const { store } = acme;
      const owner = await createLocalAccount(store, "owner@acme.example", "owner");
      const by = { userId: owner.id };
      const { id: userId } = await createLocalUser(store, "mary@acme.example");
      const revoked = (cause: string) => [{ name: "accessRevoked", userId, cause }];
      const changed = [{ name: "personChanged", userId }];
      assert.deepEqual(await toldBy(database, () => blockUser(store, userId)), revoked("blocked"));
      assert.deepEqual(await toldBy(database, () => unblockUser(store, userId)), changed);
      assert.deepEqual(await toldBy(database, () => endSessions(store, userId)), revoked("sessions-ended"));
      assert.deepEqual(await toldBy(database, () => giveRole(store, by, userId, "admin")), changed);
      assert.deepEqual(
        await toldBy(database, () => deletePerson(store, by, userId, false)),
        revoked("deleted"),
      );
      const invited = await toldBy(database, () => inviteOwner(store, "new@acme.example"));
      assert.deepEqual(invited.map(({ name }) => name).sort(), ["personChanged", "personCreated"]);
    });

    it("tell of people who are invited, accept, or whose invitation ends", async () => {
      const { database, acme } = await world();
      const { store, writer, tenant } = acme;
      const owner = await createLocalAccount(store, "owner@acme.example", "owner");
      const by = { userId: owner.id };
      const inviting = { joined: database, tenantId: tenant.id, by, mails: noMails };
      const invite = async (name: string) =>
        await invitePerson(inviting, {
          email: `${name}@acme.example`,
          role: "member",
          givenName: null,
          familyName: null,
        });
      let userId = "";
      const created = await toldBy(database, async () => {
        userId = (await invite("ada")).user.id;
      });
      assert.deepEqual(created, [{ name: "personCreated", userId }]);
      let token: string | null = null;
      const again = await toldBy(database, async () => {
        token = (await resendInvitation(inviting, userId)).token;
      });
      assert.deepEqual(again, []);
      const setup = {
        token: token ?? "",
        password: testPassword,
        names: { givenName: "Ada", familyName: null },
      };
      const accepted = await toldBy(database, () => redeemPasswordLink(database, testPasswords, setup));
      assert.deepEqual(accepted.map(({ name }) => name).sort(), [
        "accessRevoked",
        "personChanged",
        "signedIn",
      ]);
      const { user } = await invite("grace");
      assert.deepEqual(await toldBy(database, () => revokeInvitation(store, by, user.id)), [
        { name: "accessRevoked", userId: user.id, cause: "deleted" },
      ]);
      const { user: mary } = await invite("mary");
      const adoption = await toldBy(database, () => updateProvisionedUser(store, writer, mary.id, {}));
      assert.deepEqual(adoption.map(({ name }) => name).sort(), ["accessRevoked", "personChanged"]);
    });

    it("tell of groups, and of a change of many members once", async () => {
      const { database, acme } = await world();
      const { store, writer } = acme;
      const userIds: string[] = [];
      for (const name of ["a", "b", "c"])
        userIds.push((await provisionUser(store, writer, provisioned(`${name}@acme.example`))).id);
      let groupId = "";
      const create = async () => {
        groupId = (await provisionGroup(store, writer, { displayName: "Engineers", sourceKey: null }, [])).id;
      };
      const event = (change: string) => [{ name: "groupChanged", groupId, change }];
      assert.deepEqual(await toldBy(database, create), event("created"));
      const update = (change: object) => () => updateProvisionedGroup(store, writer, groupId, change);
      assert.deepEqual(
        await toldBy(database, update({ changes: { displayName: "Makers" } })),
        event("changed"),
      );
      const steps = [
        { kind: "add", userIds },
        { kind: "remove", userIds: userIds.slice(1) },
      ];
      assert.deepEqual(await toldBy(database, update({ steps })), event("members"));
      assert.deepEqual(
        await toldBy(database, () => giveGroupRole(store, groupId, "admin")),
        event("changed"),
      );
      assert.deepEqual(
        await toldBy(database, () => deleteProvisionedGroup(store, writer, groupId)),
        event("deleted"),
      );
    });

    it("cost no statement if no part handles them", async () => {
      const database = use().openAnother({ other: ["signedIn"] });
      const { store } = await createTestTenant(database);
      const statements: string[] = [];
      database.sql().on("query", ({ sql }: { sql: string }) => statements.push(sql));
      await store.activity.tell({ name: "personCreated", userId: "someone" });
      assert.deepEqual(statements, []);
      await store.activity.tell({ name: "signedIn", userId: "someone", connectionId: null });
      assert.equal(statements.length, 1);
    });

    it("wait for a replica that knows their part", async () => {
      const database = use().openAnother({ newPart: ["signedIn"] });
      const { store } = await createTestTenant(database);
      await database.sql()("outbox").delete();
      await store.activity.tell({ name: "signedIn", userId: "someone", connectionId: null });
      assert.equal(await runner(database, {}).runDue(), 1);
      let isDone = false;
      const later = runner(
        database,
        {
          async newPart() {
            isDone = true;
          },
        },
        () => Date.now() + 60_000,
      );
      assert.equal(await later.runDue(), 1);
      assert.ok(isDone);
    });
  });

  onEachDatabase((use) => {
    it("are rolled back with their change", async () => {
      const database = use().openAnother(everything);
      const { store, writer } = await createTestTenant(database);
      await database.sql()("outbox").delete();
      const work = store.transaction(async (inside) => {
        await provisionUser(inside, writer, provisioned("ada@acme.example"));
        assert.equal((await inside.users.byLoginName("ada@acme.example"))?.active, true);
        throw new Error("no");
      });
      await assert.rejects(work, /^Error: no$/);
      assert.deepEqual(await told(database), []);
    });

    it("come again to the part that failed, with the same id, and not to the other", async () => {
      const database = use().openAnother({ good: ["personCreated"], bad: ["personCreated"] });
      const { store, writer } = await createTestTenant(database);
      await database.sql()("outbox").delete();
      const { id: userId } = await provisionUser(store, writer, provisioned("ada@acme.example"));
      const calls: string[] = [];
      const ids = new Set<string>();
      const handlers = {
        good: async ({ store: its, event }: EventCall) => {
          assert.equal(its.tenantId, store.tenantId);
          assert.deepEqual(event, { name: "personCreated", userId });
          calls.push("good");
        },
        bad: async ({ messageId }: EventCall) => {
          ids.add(messageId);
          calls.push("bad");
          if (calls.filter((one) => one === "bad").length < 3) throw new Error("out of order");
        },
      };
      let time = Date.now();
      for (let run = 0; run < 4; run++, time += 60_000) await runner(database, handlers, () => time).runDue();
      assert.deepEqual(calls.sort(), ["bad", "bad", "bad", "good"]);
      assert.equal(ids.size, 1);
    });
  });
});
