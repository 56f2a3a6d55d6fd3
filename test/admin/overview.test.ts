import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { recordRefusal, recordSignIn } from "../../src/directory/sign-in-activity.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import { RefusedError } from "../../src/errors.ts";
import { dayMs } from "../../src/store/tenant/counts.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { createSigningKey } from "../helpers/certificates.ts"; // SAML
import { onEachDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "../helpers/people.ts";
import { samlSettings } from "../helpers/saml-settings.ts"; // SAML
import { plantSession, useSite } from "../helpers/site.ts";

describe("the console's overview", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let acme: TestTenant;
    let textOf: () => Promise<string>;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      const owner = await createLocalAccount(acme.store, "owner@acme.example", "owner");
      const client = site().app.client();
      client.cookies.set("session", await plantSession(use(), acme.tenant, owner));
      textOf = async () => (await client.get("/admin")).text;
    });
    const at = (time: number) => forTenant(use().database, acme.store.tenantId, () => time);
    const figuresIn = (text: string) =>
      [
        ...text.matchAll(
          /figure-label"[^>]*>([^<]*)<[\s\S]*?figure-count">([^<]*)<[\s\S]*?aria-label="([^"]*)"/g,
        ),
      ].map(([, label, count, bars]) => [label, count, bars?.split("last: ")[1]]);
    const attentionIn = (text: string) => {
      const list = /<ul class="attention card">([\s\S]*?)<\/ul>/.exec(text)?.[1] ?? "";
      return list.split("<li").slice(1);
    };

    it("shows figures with a bar for each day, and asks for nothing when nothing is wrong", async () => {
      const user = await createLocalAccount(acme.store, "ada@acme.example");
      const connectionId = (await acme.connection()).id;
      const now = Date.now();
      for (const time of [now, now, now - dayMs, now - 6 * dayMs, now - 7 * dayMs])
        await recordSignIn(at(time), user, { connectionId, requestId: null });
      await at(now).counts.add([
        { kind: "scim-call", subject: "source", count: 1_200 },
        { kind: "scim-call-hour", subject: "source", count: 1_200 },
      ]);
      await at(now).counts.add([{ kind: "scim-call-hour", subject: "source", count: 9 }], now - 2 * dayMs);
      const text = await textOf();
      assert.deepEqual(figuresIn(text), [
        ["People", "2", "0, 0, 0, 0, 0, 0, 2"],
        ["Sign-ins, 7 days", "4", "1, 0, 0, 0, 0, 1, 2"],
        ["Refused, 7 days", "0", "0, 0, 0, 0, 0, 0, 0"],
        ["SCIM calls, 24 h", "1,200", "0, 0, 0, 0, 0, 0, 1,200"],
      ]);
      assert.equal(
        text.match(/<svg class="sparkline" viewBox="0 0 120 32"[^>]* width="120" height="32" role="img"/g)
          ?.length,
        4,
      );
      assert.match(text, /Nothing needs your attention/);
    });

    it("asks to act on what expires soon, on refused sign-ins, and on a refused call", async () => {
      const { id } = await acme.connection();
      // SAML {
      const { certificate } = await createSigningKey("acme", new Date(Date.now() + 20.5 * dayMs));
      const settings = { ...samlSettings, certificates: [certificate] };
      const certified = await acme.connection({ type: "saml", settings });
      // SAML }
      await createToken(acme.store, "default", 10);
      for (const reason of ["provider-refused", "provider-refused", "provider-refused"] as const) {
        const attempt = { connectionId: id, requestId: randomUUID() };
        await recordRefusal(acme.store, new RefusedError(reason), attempt, null);
      }
      await acme.store.provisioningProblems.record({
        sourceId: acme.writer.source.id,
        kind: "uniqueness",
        call: "POST /Users",
        status: 409,
        detail: "Taken.",
        requestId: "r-1",
      });
      const items = attentionIn(await textOf());
      const expected = [
        // SAML {
        [
          `SAML ${certified.key}`,
          /Its certificate expires within 30 days/,
          />in (20|21) days</,
          `/admin/connections/${certified.id}`,
        ],
        // SAML }
        [
          "A token expires soon",
          /\(source default\) expires on \d{1,2} \w+ \d{4}\. Create another/,
          /./,
          "/admin/provisioning#tokens",
        ],
        [
          "3 sign-ins refused",
          /Since yesterday: not assigned in Okta\./,
          /./,
          "/admin/activity?kind=sign-in",
        ],
        [
          "Okta’s call was refused (409)",
          /POST \/Users: Taken\./,
          />just now</,
          "/admin/provisioning#problems",
        ],
      ] as const;
      assert.equal(items.length, expected.length);
      for (const [index, [title, text, when, href]] of expected.entries()) {
        const item = items[index] ?? "";
        assert.ok(item.includes(`<strong>${title}</strong>`), item);
        assert.match(item, text);
        assert.match(item, when);
        assert.ok(item.includes(`<a class="button" href="${href}">`), item);
      }
    });

    it("does not warn of a token that has a successor", async () => {
      await createToken(acme.store, "default", 10);
      assert.equal(attentionIn(await textOf()).length, 1);
      await createToken(acme.store, "default", 400);
      assert.equal(attentionIn(await textOf()).length, 0);
    });

    it("shows the eight latest entries of the activity", async () => {
      for (let count = 0; count < 10; count++)
        await acme.store.activity.record({
          actorKind: "provisioning",
          actor: "default (oinscim_1234…)",
          action: "user.created",
          targetId: null,
          changed: [],
          requestId: null,
        });
      const text = await textOf();
      assert.equal(text.match(/<span class="entry-what">User created<\/span>/g)?.length, 8);
      assert.match(
        text,
        /<span>Okta \(SCIM\)<\/span><small class="detail">default \(oinscim_1234…\)<\/small>/,
      );
    });

    it("shows the set-up until it is done, then one line", async () => {
      assert.doesNotMatch(await textOf(), /Set up: /);
      await acme.connection();
      await addDomain(acme.store, `${acme.tenant.slug}.example`);
      await acme.store.domains.markVerified(`${acme.tenant.slug}.example`);
      await createToken(acme.store);
      assert.match(await textOf(), /<summary>[\s\S]{0,400} Set up: 3 of 3 done<\/summary>/);
    });

    it("takes as many statements for a busy tenant as for an empty one", async () => {
      const statements = async () => {
        let count = 0;
        const see = () => count++;
        use().database.sql().on("query", see);
        await textOf();
        use().database.sql().removeListener("query", see);
        return count;
      };
      await textOf();
      const before = await statements();
      const user = await createLocalAccount(acme.store, "ada@acme.example");
      for (let day = 0; day < 60; day++)
        await recordSignIn(at(Date.now() - day * dayMs), user, { connectionId: null, requestId: null });
      assert.ok((await statements()) <= before + 2, "the names of people and agents in the entries");
    });
  });
});
