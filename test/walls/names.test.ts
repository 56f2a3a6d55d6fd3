import assert from "node:assert/strict";
import { enforceConnection } from "../../src/directory/domains.ts";
import { invitePerson } from "../../src/directory/invitations.ts";
import { signInWithPassword } from "../../src/directory/local-accounts.ts";
import { noMails } from "../../src/directory/mails.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import { ConflictError, InvalidError, RefusedError } from "../../src/errors.ts";
import type { User } from "../../src/model.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import {
  createLocalAccount,
  createTestTenant,
  identityOf,
  provisioned,
  type TestTenant,
  testPassword,
  testPasswords,
} from "../helpers/people.ts";

/** Other spellings of `admin@acme.example` that are the same account: none of them can be a second one. */
const sameName = [
  "ADMIN@ACME.EXAMPLE",
  "Admin@acme.example",
  "ａｄｍｉｎ＠ａｃｍｅ．ｅｘａｍｐｌｅ",
  "ⓐdmin@acme.example",
  "𝐚dmin@acme.example",
  "adⅿin@acme.example",
  "  admin@acme.example ",
];

/** Names that only look like it: other people, who never sign in as the one whom they look like. */
const otherName = [
  "adm\u0131n@acme.example",
  "ADM\u0130N@acme.example",
  "\u0430dmin@acme.example",
  "adm\u00edn@acme.example",
  "admin.@acme.example",
  "admin@acme.example.",
  "admin@acme\u3002example",
  "admin+x@acme.example",
];

/** Spellings that no account can have. */
const noName = [
  "ad\u200bmin@acme.example",
  "admin\u202e@acme.example",
  "ad\u00admin@acme.example",
  "admi\u200dn@acme.example",
];

/** Other spellings of the domain `acme.example`. */
const sameDomain = [
  "ACME.example",
  "acme.example.",
  "acme\u3002example",
  "acme\uff0eexample",
  "acme\uff61example",
  "ａｃｍｅ.example",
  "a\u00adcme.example",
];

describe("names that look alike", () => {
  onEachDatabase((use) => {
    let acme: TestTenant;
    let admin: User;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      admin = await createLocalAccount(acme.store, "admin@acme.example", "admin");
    });

    const byPassword = (loginName: string) =>
      signInWithPassword(acme.store, testPasswords, { loginName, password: testPassword });

    it("are one account in another spelling, however it comes", async () => {
      const connection = await acme.connection();
      for (const name of sameName) {
        await assert.rejects(createLocalAccount(acme.store, name), ConflictError, name);
        await assert.rejects(provisionUser(acme.store, acme.writer, provisioned(name)), ConflictError, name);
        const identity = identityOf(connection, name, { subject: `subject ${name}` });
        await assert.rejects(signIn(acme.store, identity), refused("account-conflict"), name);
      }
      assert.equal((await byPassword("ADMIN@acme.example")).id, admin.id);
    });

    it("are other people if letters differ, and sign in as themselves", async () => {
      const connection = await acme.connection();
      const ids = new Set([admin.id]);
      for (const name of otherName) {
        const { user } = await signIn(acme.store, identityOf(connection, name, { subject: name }));
        assert.ok(!ids.has(user.id), name);
        ids.add(user.id);
        assert.equal(await acme.store.roles.effective(user.id), "member", name);
        await assert.rejects(byPassword(name), refused("bad-credentials"), name);
        const again = await signIn(acme.store, identityOf(connection, name, { subject: name }));
        assert.equal(again.user.id, user.id, name);
      }
      assert.equal((await byPassword(admin.loginName)).id, admin.id);
    });

    it("are refused if a character cannot be seen", async () => {
      const connection = await acme.connection();
      for (const name of noName) {
        await assert.rejects(createLocalAccount(acme.store, name), InvalidError, JSON.stringify(name));
        await assert.rejects(provisionUser(acme.store, acme.writer, provisioned(name)), InvalidError);
        await assert.rejects(
          signIn(acme.store, identityOf(connection, name)),
          refused("login-name-not-valid"),
        );
      }
    });
  });
});

describe("a domain in another spelling", () => {
  onEachDatabase((use) => {
    let acme: TestTenant;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      await addDomain(acme.store, "acme.example");
      await acme.store.domains.markVerified("acme.example");
    });

    it("cannot be claimed a second time", async () => {
      for (const domain of sameDomain)
        await assert.rejects(addDomain(acme.store, domain), ConflictError, JSON.stringify(domain));
      assert.equal(await addDomain(acme.store, "BÜCHER.example"), "xn--bcher-kva.example");
      await assert.rejects(addDomain(acme.store, "xn--bcher-kva.example"), ConflictError);
      await assert.rejects(addDomain(acme.store, "gmail\u3002com."), InvalidError);
    });

    it("leads to the tenant that has it", async () => {
      const { tenantsOfDomain } = systemStore(use().database);
      for (const domain of sameDomain)
        assert.ok(
          (await tenantsOfDomain(domain)).some(({ id }) => id === acme.tenant.id),
          JSON.stringify(domain),
        );
    });

    it("does not let people past the identity provider", async () => {
      const connection = await acme.connection();
      await acme.store.connections.update(connection.id, { testedAt: 1, admittedAt: 1 });
      await enforceConnection(acme.store, "acme.example", connection.id);
      const owner = await createLocalAccount(acme.store, "owner@elsewhere.example", "owner");
      const by = { userId: owner.id };
      for (const [index, domain] of sameDomain.entries()) {
        const email = `mallory-${index}@${domain}`;
        const inviting = { joined: use().database, tenantId: acme.tenant.id, by, mails: noMails };
        const invitee = { email, role: "admin", givenName: "Mallory", familyName: null } as const;
        const isHidden = domain.includes("\u00ad");
        await assert.rejects(invitePerson(inviting, invitee), isProvidersDecision, JSON.stringify(domain));
        if (isHidden) continue;
        await createLocalAccount(acme.store, email);
        const attempt = signInWithPassword(acme.store, testPasswords, {
          loginName: email,
          password: testPassword,
        });
        await assert.rejects(attempt, refused("single-sign-on-required"), JSON.stringify(domain));
      }
    });

    it("does not let another tenant invite its people", async () => {
      const other = await createTestTenant(use().database);
      const owner = await createLocalAccount(other.store, "owner@other.example", "owner");
      for (const domain of sameDomain) {
        const by = { userId: owner.id };
        const inviting = { joined: use().database, tenantId: other.tenant.id, by, mails: noMails };
        const invitee = {
          email: `ada@${domain}`,
          role: "member",
          givenName: "Ada",
          familyName: null,
        } as const;
        await assert.rejects(
          invitePerson(inviting, invitee),
          isConflict("domain-claimed"),
          JSON.stringify(domain),
        );
      }
    });
  });
});

const isConflict = (code: string) => (error: unknown) =>
  error instanceof ConflictError && error.code === code;
const isProvidersDecision = isConflict("provider-decides");

function refused(reason: string) {
  return (error: unknown) => error instanceof RefusedError && error.reason === reason;
}
