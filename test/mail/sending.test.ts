import assert from "node:assert/strict";
import { brand } from "../../config/brand.ts";
import { blockUser } from "../../src/directory/access.ts";
import { type MailKind, mailKinds, mailsOf } from "../../src/directory/mails.ts";
import type { User } from "../../src/model.ts";
import { giveUpMs } from "../../src/outbox/runner.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import {
  type CaughtMail,
  lastMailTo,
  type MailCatcher,
  mailServerOf,
  sendMail,
  startMailCatcher,
} from "../helpers/mail.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "../helpers/people.ts";

const baseUrl = "https://app.product.example";

describe("mail from the outbox", () => {
  onOneDatabase((use) => {
    let catcher: MailCatcher;
    let acme: TestTenant;
    let ada: User;
    let count = 0;

    before(async () => {
      catcher = await startMailCatcher();
    });
    after(() => catcher.close());
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      ada = await createLocalAccount(acme.store, `ada-${count++}@acme.example`);
      await acme.store.invitations.set({
        userId: ada.id,
        invitedBy: "owner@acme.example",
        sentAt: Date.now(),
        expiresAt: Date.now() + 60_000,
      });
      catcher.mails.length = 0;
    });

    const add = (mail: MailKind, user = ada) => mailsOf(true).add(acme.store, user.id, mail);
    const send = (to: Pick<MailCatcher, "url"> = catcher, more = {}, now = Date.now) =>
      sendMail(use().database, mailServerOf(to, more), { baseUrl, now });
    const state = async () => {
      const rows = await use()
        .database.sql()("outbox")
        .where("tenant_id", acme.tenant.id)
        .select("state", "answer");
      return rows.map((row) => `${row.state} ${row.answer}`);
    };

    for (const mail of mailKinds) {
      it(`sends ${mail} as text and as HTML that say the same`, async () => {
        await add(mail);
        await send();
        assert.deepEqual(await state(), ["sent 250"]);
        const caught = lastMailTo(catcher, ada.loginName);
        assert.equal(caught.from, "Product <no-reply@product.example>");
        assert.deepEqual(caught.headers.get("auto-submitted"), ["auto-generated"]);
        assert.ok(caught.links.length === 1 && caught.links[0]?.startsWith(`${baseUrl}/`), caught.text);
        assert.ok(caught.html.includes(`href="${caught.links[0]}"`), caught.html);
        for (const text of [caught.text, caught.html]) {
          assert.ok(text.includes(brand.productName), text);
          assert.doesNotMatch(text, /undefined|null|\[object|<%/);
        }
      });
    }

    it("stores only the hash of the token that it sends", async () => {
      await add("password-reset");
      const logged = await send();
      const token = lastMailTo(catcher, ada.loginName).path.replace("/setup/", "");
      const links = await use().database.sql()("one_time_links").where("user_id", ada.id).select("*");
      assert.deepEqual(
        links.map(({ token_hash }) => token_hash),
        [hashToken(token)],
      );
      const outbox = await use().database.sql()("outbox").where("tenant_id", acme.tenant.id).select("*");
      assert.ok(!JSON.stringify([links, outbox, logged]).includes(token));
    });

    it("logs neither addresses nor names, also if the server repeats them", async () => {
      const refusing = await startMailCatcher({
        onRcptTo: ({ address }, _session, done) =>
          done(Object.assign(new Error(`<${address}> is unknown`), { responseCode: 550 })),
      });
      await add("password-changed");
      const logged = await send(refusing);
      await refusing.close();
      assert.deepEqual(await state(), ["refused 550 EENVELOPE"]);
      assert.ok(logged.length > 0);
      assert.doesNotMatch(JSON.stringify(logged), /acme\.example/);
    });

    it("tries again if the server cannot be reached or is busy, and gives the mail a new link", async () => {
      const gone = await startMailCatcher();
      await gone.close();
      await add("password-reset");
      await send(gone);
      assert.match((await state())[0] ?? "", /^waiting (ESOCKET|ECONNECTION|ECONNREFUSED)/);
      const busy = await startMailCatcher({
        onMailFrom: (_address, _session, done) =>
          done(Object.assign(new Error("later"), { responseCode: 451 })),
      });
      const later = (ms: number) => () => Date.now() + ms;
      await send(busy, {}, later(60_000));
      await busy.close();
      assert.match((await state())[0] ?? "", /^waiting 451/);
      await send(catcher, {}, later(120_000));
      assert.deepEqual(await state(), ["sent 250"]);
      assert.equal(catcher.mails.length, 1);
    });

    it("gives up a mail that could not be sent for a day", async () => {
      const gone = await startMailCatcher();
      await gone.close();
      await add("password-changed");
      await send(gone, {}, () => Date.now() + giveUpMs);
      assert.match((await state())[0] ?? "", /^given-up/);
    });

    it("sends nothing in clear text to another machine", async () => {
      await add("password-changed");
      await send(catcher, { requireTls: true });
      assert.equal(catcher.mails.length, 0);
      assert.match((await state())[0] ?? "", /^waiting/);
    });

    it("signs in to the server", async () => {
      let seen: unknown;
      const strict = await startMailCatcher({
        authOptional: false,
        onAuth: ({ username, password }, _session, done) => {
          seen = { username, password };
          done(null, { user: username });
        },
      });
      await add("password-changed");
      await send(strict, { login: { user: "app", password: "s3cret/ü" } });
      await strict.close();
      assert.deepEqual(seen, { username: "app", password: "s3cret/ü" });
      assert.deepEqual(await state(), ["sent 250"]);
    });

    it("cannot be made to send other headers or to other people", async () => {
      const { database } = use();
      const name = "Acme\r\nBcc: evil@evil.example\r\n\r\n<b>& more";
      await database.sql()("tenants").where("id", acme.tenant.id).update({ name });
      const address = `a,evil@evil.example${count}`;
      const odd = await createLocalAccount(acme.store, address);
      await add("owner-set-up", odd);
      await send();
      const [caught] = catcher.mails as [CaughtMail];
      // As one recipient, in the quotes that RFC 5321 §4.1.2 wants.
      assert.deepEqual(caught.recipients, [`"a,evil"@evil.example${count}`]);
      assert.equal(caught.headers.get("bcc"), undefined);
      assert.match(caught.subject, /Acme.*Bcc: evil/);
      assert.ok(!caught.html.includes("<b>"), caught.html);
      assert.ok(caught.html.includes("&#60;b&#62;&#38; more"), caught.html);
    });

    it("sends no link to people who may not sign in with a password", async () => {
      const connection = await acme.connection();
      await acme.store.domains.add("acme.example", "proof");
      await acme.store.domains.markVerified("acme.example");
      for (const mail of ["invitation", "owner-set-up", "password-reset"] as const) await add(mail);
      await acme.store.domains.enforce("acme.example", connection.id);
      await send();
      await acme.store.domains.enforce("acme.example", null);
      for (const mail of ["invitation", "owner-set-up", "password-reset"] as const) await add(mail);
      await blockUser(acme.store, ada.id);
      await send();
      assert.equal(catcher.mails.length, 0);
      assert.deepEqual(
        (await state()).map((one) => one.split(" ")[0]),
        Array<string>(6).fill("given-up"),
      );
    });

    it("sends no invitation that was accepted, and none that expired", async () => {
      await add("invitation");
      await send(catcher, {}, () => Date.now() + 120_000);
      await acme.store.invitations.remove(ada.id);
      await add("invitation");
      await send();
      assert.deepEqual(await state(), Array<string>(2).fill("given-up the invitation has ended"));
    });

    it("forgets the mails of people who are deleted", async () => {
      await add("invitation");
      await acme.store.users.remove(ada.id);
      await send();
      assert.deepEqual(await state(), []);
      assert.equal(catcher.mails.length, 0);
    });
  });
});
