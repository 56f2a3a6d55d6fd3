import assert from "node:assert/strict";
import { enableConnection } from "../../src/directory/connections.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onDatabase, onEachDatabase, someoneWaits, type TestDatabase } from "../helpers/databases.ts";
import { formOn, submit } from "../helpers/forms.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { orgOptions } from "../helpers/org.ts";
import { assertRedirect, factOf } from "../helpers/pages.ts";
import { provisioned } from "../helpers/people.ts";
import { answerOf, shownOnce } from "../helpers/seen.ts";
import { type Site, useSite } from "../helpers/site.ts";
import { createDraft, createLink, switchOn } from "./pages-read.ts";

let keys = 0;

/** A draft with the values of the right provider, its owner, and the guest of a set-up link, who also runs an evil provider. */
function useDraft(use: () => TestDatabase) {
  const site = useSite(use, orgOptions);
  let [right, evil]: OpenIdProvider[] = [];
  let draft: { owner: Client; base: string; guest: Client; link: string };
  before(async () => {
    right = await startOpenIdProvider();
    evil = await startOpenIdProvider();
  });
  after(async () => {
    await right?.close();
    await evil?.close();
  });
  beforeEach(async () => {
    const owner = await site().clientOf(site().owner);
    const base = await createDraft(owner, "oidc", `review-${keys++}`);
    const [guest, link] = [site().app.client(), await createLink(owner, base)];
    draft = { owner, base, guest, link };
    assertRedirect(await submit(guest, `${link}?step=3`, "/settings", values()), `${link}?step=4`);
  });
  const values = () => ({
    issuer: right?.issuer ?? "",
    clientId: "0oa-guest",
    clientSecret: "the-guests-secret",
  });
  return {
    site,
    ...{ right: () => right ?? assert.fail(), evil: () => evil ?? assert.fail(), values },
    draft: () => draft,
    swapped: () => ({ ...values(), issuer: evil?.issuer ?? "" }),
    stored: () => storedOf(site(), draft.base),
  };
}

async function storedOf({ acme }: Site, base: string) {
  const connection = await acme.store.connections.byId(base.split("/").at(-1) ?? "");
  assert.ok(connection?.type === "oidc");
  return { ...connection, issuer: connection.settings?.issuer };
}

/** A row in the table of differences: the old and the new value. */
function differenceOf(page: Answer, label: string): string[] {
  const row = new RegExp(`<td data-label="What">${label}</td>([\\s\\S]*?)</tr>`).exec(page.text)?.[1] ?? "";
  return [...row.matchAll(/class="lines">([\s\S]*?)<\/td>/g)].map(([, text = ""]) =>
    text.replace(/<[^>]*>/g, ""),
  );
}

describe("a connection's review", () => {
  onEachDatabase((use) => {
    const { site, draft, values, swapped, stored, right, evil } = useDraft(use);

    describe("of a connection that could sign in owners", () => {
      const provisionOwner = async (loginName: string) => {
        const { store, writer } = site().acme;
        const user = await provisionUser(
          store,
          writer,
          provisioned(loginName, { sourceKey: `key of ${loginName}` }),
        );
        await store.roles.grant(user.id, "owner");
        return user;
      };
      const approved = async (id: string) => (await site().acme.store.ownerApprovals.ofUser(id)).length;

      it("lists them, and approves only the selected ones", async () => {
        const { owner, base } = draft();
        const [olga, oskar] = [await provisionOwner("olga@a.test"), await provisionOwner("oskar@a.test")];
        await submit(owner, `${base}?step=5`, "/review");
        const page = await owner.get(`${base}/review`);
        assert.match(
          factOf(page, "Owners whom it could sign in") ?? "",
          /olga@a\.test \(key of olga@a\.test\)/,
        );
        assert.doesNotMatch(page.text, /name="owners"[^>]* checked/);
        assertRedirect(await formOn(page, "/activate").send(owner, { owners: olga.id }), base);
        assert.deepEqual([await approved(olga.id), await approved(oskar.id)], [1, 0]);
        const entries = await site().acme.store.activity.latest(2);
        assert.deepEqual(entries.map(({ action }) => action).sort(), [
          "connection.activated",
          "user.sign_in_approved",
        ]);
      });

      it("is out of date when another owner has appeared", async () => {
        const { owner, base } = draft();
        await submit(owner, `${base}?step=5`, "/review");
        const page = await owner.get(`${base}/review`);
        await provisionOwner("late@a.test");
        const answer = await answerOf(owner, await formOn(page, "/activate").send(owner));
        assert.match(differenceOf(answer, "Owners whom it could sign in").join(), /late@a\.test/);
        assert.equal((await stored()).status, "draft");
      });

      it("refuses an owner who was not offered", async () => {
        const { owner, base } = draft();
        await submit(owner, `${base}?step=5`, "/review");
        const page = await owner.get(`${base}/review`);
        const answer = await formOn(page, "/activate").send(owner, { owners: site().owner.id });
        assert.equal(answer.status, 409);
        assert.equal((await stored()).status, "draft");
      });
    });

    it("shows every setting, and who changed it last from which address", async () => {
      const { owner, base } = draft();
      await submit(owner, `${base}?step=5`, "/review");
      const page = await owner.get(`${base}/review`);
      assert.equal(factOf(page, "Issuer"), right().issuer);
      assert.equal(factOf(page, "Client ID"), "0oa-guest");
      assert.equal(factOf(page, "Client secret"), "Stored; it was entered once");
      assert.equal(factOf(page, "Create accounts at the first sign-in"), "No");
      assert.match(
        factOf(page, "Last changed") ?? "",
        /^On [\d-]+ [\d:.]+ UTC, by the guest of a set-up link, from .*127\.0\.0\.1$/,
      );
      for (const one of [page, await owner.get(base)])
        assert.match(
          one.text,
          /A guest of a set-up link changed this draft .*, from .*127\.0\.0\.1\. Compare/,
        );
      assert.ok(!page.text.includes("the-guests-secret"));
      await submit(owner, `${base}?step=3`, "/settings", { clientId: "0oa-owner", issuer: right().issuer });
      const after = await owner.get(`${base}/review`);
      assert.match(factOf(after, "Last changed") ?? "", /by owner@acme\.example, from/);
      assert.match(
        after.text,
        /A guest of a set-up link changed this draft/,
        "an owner's change does not hide it",
      );
    });

    it("is out of date when the guest has saved other settings, and shows the differences", async () => {
      const { owner, base, guest, link } = draft();
      const review = formOn(await owner.get(`${base}/review`), "/activate");
      await submit(guest, `${link}?step=3`, "/settings", swapped());
      const text = "Nothing was changed: another person or a machine has made changes";
      const refused = await shownOnce(owner, await review.send(owner), `${base}/review`, text);
      assert.deepEqual(differenceOf(refused, "Issuer"), [right().issuer, evil().issuer]);
      assert.equal((await stored()).status, "draft");
      const actions = (await site().acme.store.activity.latest(1)).map(({ action }) => action);
      assert.deepEqual(actions, ["connection.changed"]);
      assertRedirect(await submit(guest, `${link}?step=3`, "/settings", values()), `${link}?step=4`);
      assertRedirect(await switchOn(owner, base), base);
      const { status, issuer, guestEdit, guestsFrozenUntil } = await stored();
      assert.deepEqual([status, issuer], ["active", right().issuer]);
      assert.deepEqual([guestEdit, guestsFrozenUntil], [null, null]);
    });

    for (const [what, label, change] of [
      ["the client secret alone", "Client secret", { clientSecret: "another-secret" }],
      ["a switch alone", "Create accounts at the first sign-in", { justInTime: "on" }],
      [
        "who becomes an administrator",
        "Who becomes an administrator",
        { roleName: "groups", roleValues: "Everyone" },
      ],
    ] as const) {
      it(`is out of date when the guest has changed ${what}`, async () => {
        const { owner, base, guest, link } = draft();
        const review = formOn(await owner.get(`${base}/review`), "/activate");
        assertRedirect(
          await submit(guest, `${link}?step=3`, "/settings", { ...values(), ...change }),
          `${link}?step=4`,
        );
        const refused = await answerOf(owner, await review.send(owner));
        assert.equal(differenceOf(refused, label).length, 2, label);
        assert.equal((await stored()).status, "draft");
      });
    }

    it("stops guests while it lasts, and tells both sides", async () => {
      const { owner, base, guest, link } = draft();
      const early = formOn(await guest.get(`${link}?step=3`), "/settings");
      const test = formOn(await guest.get(`${link}?step=4`), "/tests");
      await submit(owner, `${base}?step=5`, "/review");
      const page = await guest.get(`${link}?step=3`);
      assert.match(page.text, /is reviewing these values\. Nothing can be changed here until they are done/);
      assert.doesNotMatch(page.text, /action="[^"]*\/settings"/);
      for (const answer of [
        await early.send(guest, swapped()),
        await test.send(guest),
        await guest.post(`${link}/check`, { field: "issuer", issuer: evil().issuer }),
      ]) {
        assert.equal(answer.status, 409);
        assert.match(answer.text, /An owner is reviewing these values right now/);
      }
      assert.equal((await stored()).issuer, right().issuer);
      assert.match((await owner.get(base)).text, /guest of the set-up link can change nothing now/);
      assertRedirect(await submit(owner, base, "/guests/resume"), base);
      assertRedirect(await submit(guest, `${link}?step=3`, "/settings", swapped()), `${link}?step=4`);
    });

    it("stops guests for an hour at most", async () => {
      const { owner, base, guest, link } = draft();
      await submit(owner, `${base}?step=5`, "/review");
      const { id, guestsFrozenUntil } = await stored();
      assert.ok(Math.abs((guestsFrozenUntil ?? 0) - Date.now() - 3_600_000) < 60_000);
      await site().acme.store.connections.update(id, { guestsFrozenUntil: Date.now() - 1 });
      assertRedirect(await submit(guest, `${link}?step=3`, "/settings", swapped()), `${link}?step=4`);
    });

    it("stops a guest whose values are still being checked", async () => {
      const { owner, base, guest, link } = draft();
      const form = formOn(await guest.get(`${link}?step=3`), "/settings");
      let release = () => {};
      const released = new Promise<void>((done) => {
        release = done;
      });
      const asked = new Promise<void>((begun) => {
        evil().intercept = (req, res) => {
          if (!req.url?.startsWith("/.well-known/")) return false;
          evil().intercept = null;
          begun();
          void released.then(async () => res.end(await (await fetch(evil().issuer + req.url)).text()));
          return true;
        };
      });
      const late = form.send(guest, swapped());
      await asked;
      await submit(owner, `${base}?step=5`, "/review");
      release();
      assert.equal((await late).status, 409);
      assert.equal((await stored()).issuer, right().issuer);
    });

    it("lets the owner change the draft, and ends its links when it is switched on", async () => {
      const { owner, base, guest, link } = draft();
      await submit(owner, `${base}?step=5`, "/review");
      assertRedirect(
        await submit(owner, `${base}?step=3`, "/settings", { ...values(), clientSecret: "" }),
        `${base}?step=4`,
      );
      assertRedirect(await switchOn(owner, base), base);
      assert.equal((await guest.get(link)).status, 403);
      assert.equal((await guest.post(`${link}/settings`, swapped())).status, 403);
      assertRedirect(await owner.get(`${base}/review`), base);
      const another = await createLink(owner, await createDraft(owner, "oidc", `review-${keys++}`));
      assert.equal((await guest.get(another)).status, 200);
    });

    it("is not needed by the operator, whose command also ends the links", async () => {
      const { base, guest, link } = draft();
      const { id } = await stored();
      await enableConnection(site().acme.store, id);
      await site().acme.store.connections.update(id, { status: "draft" });
      assert.equal((await guest.get(link)).status, 403, base);
    });

    it("is for owners only, and needs saved settings", async () => {
      const { owner, guest } = draft();
      const empty = await createDraft(owner, "oidc", `review-${keys++}`);
      assertRedirect(await owner.get(`${empty}/review`), empty);
      assert.equal((await owner.post(`${empty}/review`)).status, 409);
      assert.equal((await guest.get(`${empty}/review`)).status, 303, "to the sign-in");
    });

    it("never activates a concurrent change by a guest", async () => {
      for (let times = 0; times < 5; times++) {
        const { owner, guest } = draft();
        const base = await createDraft(owner, "oidc", `review-${keys++}`);
        const link = await createLink(owner, base);
        await submit(guest, `${link}?step=3`, "/settings", values());
        const review = formOn(await owner.get(`${base}/review`), "/activate");
        const late = formOn(await guest.get(`${link}?step=3`), "/settings");
        const [saved, switched] = await Promise.all([late.send(guest, swapped()), review.send(owner)]);
        const { status, issuer } = await storedOf(site(), base);
        const isOn = switched.location === base;
        if (isOn) assert.deepEqual([status, issuer], ["active", right().issuer]);
        else
          assert.deepEqual([switched.location, status, issuer], [`${base}/review`, "draft", evil().issuer]);
        assert.equal(saved.status === 303, !isOn, "one of the two is refused");
      }
    });
  });

  // SQLite has only one writer at a time.
  onDatabase("PostgreSQL", (use) => {
    const { site, draft, stored, right } = useDraft(use);

    it("waits for a concurrent change, and compares with its result", async () => {
      const { owner, base } = draft();
      const review = formOn(await owner.get(`${base}/review`), "/activate");
      const { id, settings } = await stored();
      const posted: Promise<Answer>[] = [];
      await use()
        .openAnother()
        .transaction(async (inside) => {
          const store = forTenant(inside, site().acme.store.tenantId);
          const changed = { ...settings, issuer: "https://evil.example", clientId: "0oa-evil" };
          await store.connections.update(id, { settings: changed });
          posted.push(review.send(owner));
          await someoneWaits(inside);
        });
      const refused = await answerOf(owner, (await posted[0]) ?? assert.fail());
      assert.deepEqual(differenceOf(refused, "Issuer"), [right().issuer, "https://evil.example"]);
      assert.equal((await stored()).status, "draft");
    });
  });
});
