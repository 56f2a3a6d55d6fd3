import assert from "node:assert/strict";
import { blockPerson, giveRole } from "../../src/directory/administration.ts";
import { invitePerson } from "../../src/directory/invitations.ts";
import { inviteOwner, redeemPasswordLink } from "../../src/directory/local-accounts.ts";
import { noMails } from "../../src/directory/mails.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import type { Database } from "../../src/store/database.ts";
import { hashToken, randomToken } from "../../src/store/secrets.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { forTenant, type TenantStore } from "../../src/store/tenant-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import {
  createLocalAccount,
  createTestTenant,
  identityOf,
  provisioned,
  type TestTenant,
  testPasswords,
} from "../helpers/people.ts";

const rounds = 8;

/** Two replicas do something at the same time. Returns how many of them did it. */
async function both(one: () => Promise<unknown>, other: () => Promise<unknown>): Promise<number> {
  const ends = await Promise.allSettled([one(), other()]);
  return ends.filter(({ status }) => status === "fulfilled").length;
}

describe("two replicas at the same time", () => {
  onEachDatabase((use) => {
    let acme: TestTenant;
    let second: Database;
    let replica: TenantStore;
    before(() => {
      second = use().openAnother();
    });
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      replica = forTenant(second, acme.tenant.id);
    });
    const owners = async () => {
      const people = await use()
        .database.sql()("role_grants")
        .where({ tenant_id: acme.tenant.id, role: "owner" });
      const ids = people.map(({ user_id }: { user_id: string }) => user_id);
      const users = await Promise.all(ids.map((id: string) => acme.store.users.byId(id)));
      return users.filter((user) => user?.active && !user.blocked).length;
    };

    it("leave an owner, if two owners end each other's role, or block each other", async () => {
      for (let round = 0; round < rounds; round++) {
        const ada = await createLocalAccount(acme.store, `ada-${round}@acme.example`, "owner");
        const bob = await createLocalAccount(acme.store, `bob-${round}@acme.example`, "owner");
        const [byAda, byBob] = [{ userId: ada.id }, { userId: bob.id }];
        await both(
          () =>
            round % 2 === 0
              ? giveRole(acme.store, byAda, bob.id, "member")
              : blockPerson(acme.store, byAda, bob.id),
          () => giveRole(replica, byBob, ada.id, "member"),
        );
        assert.ok((await owners()) >= 1, `round ${round}`);
        for (const { id } of [ada, bob]) await acme.store.roles.revoke(id, "owner");
      }
    });

    it("consume a link that sets a password once", async () => {
      for (let round = 0; round < rounds; round++) {
        const token = await inviteOwner(acme.store, `linked-${round}@acme.example`);
        const redeem = (database: Database, password: string) => () =>
          redeemPasswordLink(database, testPasswords, { token, password });
        const [one, other] = [
          redeem(use().database, "four words make one"),
          redeem(second, "other four words"),
        ];
        assert.equal(await both(one, other), 1, `round ${round}`);
      }
    });

    it("give one person one account, if provisioning and a first sign-in bring the same name", async () => {
      const connection = await acme.connection();
      for (let round = 0; round < rounds; round++) {
        const name = `both-${round}@acme.example`;
        await both(
          () => provisionUser(acme.store, acme.writer, provisioned(name)),
          () => signIn(replica, identityOf(connection, name.toUpperCase(), { subject: name })),
        );
        const rows = await use()
          .database.sql()("users")
          .where({ tenant_id: acme.tenant.id, login_name_key: name });
        assert.equal(rows.length, 1, `round ${round}`);
      }
    });

    it("invite a person, and add a domain, once", async () => {
      const owner = await createLocalAccount(acme.store, "owner@acme.example", "owner");
      for (let round = 0; round < rounds; round++) {
        const email = `new-${round}@acme.example`;
        const invite = () =>
          use().database.transaction((joined) =>
            invitePerson(
              { joined, tenantId: acme.tenant.id, by: { userId: owner.id }, mails: noMails },
              { email, role: "member", givenName: "New", familyName: null },
            ),
          );
        assert.equal(await both(invite, invite), 1, `round ${round}`);
        const add = (store: TenantStore) => () => addDomain(store, `d${round}.example`);
        assert.equal(await both(add(acme.store), add(replica)), 1, `round ${round}`);
      }
    });

    it("end a set-up link once, and take an invitation's link once", async () => {
      const { id } = await acme.connection({ draft: true });
      const owner = await createLocalAccount(acme.store, "inviting@acme.example", "owner");
      for (let round = 0; round < rounds; round++) {
        const hash = hashToken(`set-up ${round}`);
        await acme.store.links.create(
          hash,
          { kind: "set-up-connection", connectionId: id },
          Date.now() + 60_000,
        );
        const end = (database: Database) => systemStore(database).links.consume(hash);
        const found = await Promise.all([end(use().database), end(second)]);
        assert.equal(found.filter((link) => link !== null).length, 1, `round ${round}`);
        const { token } = await use().database.transaction((joined) =>
          invitePerson(
            { joined, tenantId: acme.tenant.id, by: { userId: owner.id }, mails: noMails },
            { email: `invited-${round}@acme.example`, role: "member", givenName: null, familyName: null },
          ),
        );
        const take = (database: Database) => () =>
          redeemPasswordLink(database, testPasswords, {
            token: token ?? "",
            password: "four words make one",
          });
        assert.equal(await both(take(use().database), take(second)), 1, `round ${round}`);
      }
    });

    it("consume a sign-in that is under way once, and a message once", async () => {
      const { id } = await acme.connection();
      for (let round = 0; round < rounds; round++) {
        const [state, browser] = [hashToken(randomToken()), hashToken(randomToken())];
        const hashes = { stateHash: state, browserHash: browser, networkHash: null };
        const pending = { connectionId: id, ...hashes, sealedData: "sealed" };
        await acme.store.pendingLogins.create({ ...pending, expiresAt: Date.now() + 60_000 });
        const resume = (store: TenantStore) => store.pendingLogins.consume(id, state, browser);
        const found = await Promise.all([resume(acme.store), resume(replica)]);
        assert.deepEqual(
          found.filter((one) => one !== null),
          ["sealed"],
          `round ${round}`,
        );
        const consume = (store: TenantStore) =>
          store.usedTokens.consume(`token ${round}`, Date.now() + 60_000);
        const consumed = await Promise.all([consume(acme.store), consume(replica)]);
        assert.deepEqual(consumed.sort(), [false, true], `round ${round}`);
      }
    });
  });
});
