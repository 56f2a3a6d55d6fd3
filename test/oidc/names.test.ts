import assert from "node:assert/strict";
import type { Connection } from "../../src/model.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { connectOrg, orgOptions, signInAt } from "../helpers/org.ts";
import { assertRefused } from "../helpers/refused.ts";
import { useSite } from "../helpers/site.ts";

describe("deceptive names at a sign-in by OpenID Connect", () => {
  onEachDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    let connection: Connection;
    before(async () => {
      op = await startOpenIdProvider();
      connection = await connectOrg(op, { baseUrl: site().app.url, tenant: site().acme });
    });
    after(() => op.close());
    const signIn = () => signInAt(site().app, op, connection);
    const userOf = (loginName: string) => site().acme.store.users.byLoginName(loginName);

    for (const [name, says] of Object.entries({
      "o\u202e@inb.test": /U\+202E RIGHT-TO-LEFT OVERRIDE, which cannot be seen/,
      "o\u200b@inb.test": /U\+200B ZERO WIDTH SPACE, which cannot be seen/,
      "o\u001b[31m@inb.test": /U\+001B ESCAPE, which cannot be seen/,
    })) {
      it(`are refused as a login name: ${JSON.stringify(name)}, with a page that says why`, async () => {
        op.define({ sub: "00u-liar", email: "liar@acme.example", preferred_username: name });
        const page = await assertRefused(site().app, use(), "login-name-not-valid", signIn);
        assert.match(page.text, says);
        const [entry] = await site().acme.store.activity.latest(1);
        assert.deepEqual([entry?.action, entry?.reason], ["sign_in.refused", "login-name-not-valid"]);
      });
    }

    it("are refused as the new login name of a known person", async () => {
      op.define({ sub: "00u-eve", email: "eve@acme.example" });
      assert.equal((await signIn()).status, 303);
      op.define({ sub: "00u-eve", email: "eve@acme.example", preferred_username: "ev\u200be@acme.example" });
      await assertRefused(site().app, use(), "login-name-not-valid", signIn);
      assert.equal((await userOf("eve@acme.example"))?.loginName, "eve@acme.example");
    });

    it("lose their invisible characters in a profile, at the first sign-in and at the next", async () => {
      const person = { sub: "00u-grace", email: "grace@acme.example" };
      op.define({ ...person, given_name: "Gr\u202eace", name: "👩‍💻 Grace\u0007 O’Brien" });
      assert.equal((await signIn()).status, 303);
      const first = await userOf(person.email);
      assert.deepEqual([first?.givenName, first?.displayName], ["Grace", "👩‍💻 Grace O’Brien"]);
      op.define({ ...person, given_name: "Amazing\u200b", name: "\u2066علی‌رضا\u2069" });
      assert.equal((await signIn()).status, 303);
      const next = await userOf(person.email);
      assert.deepEqual([next?.givenName, next?.displayName], ["Amazing", "علی‌رضا"]);
    });
  });
});

describe("names in a sign-in by OpenID Connect", () => {
  onEachDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    let connection: Connection;
    before(async () => {
      op = await startOpenIdProvider();
      connection = await connectOrg(op, { baseUrl: site().app.url, tenant: site().acme });
    });
    after(() => op.close());

    /** Signs in the person of `sub`, and returns their names. */
    async function namesOf(sub: string, claims: object) {
      const email = `${sub}@acme.example`;
      const person = op.define({ sub, email });
      for (const claim of ["given_name", "family_name", "name"]) delete person[claim];
      Object.assign(person, claims);
      assert.equal((await signInAt(site().app, op, connection)).status, 303);
      const user = await site().acme.store.users.byLoginName(email);
      return [user?.givenName, user?.familyName, user?.displayName];
    }

    it("lose a NUL, which no database stores, wherever it is", async () => {
      const names = { given_name: "A\0da", family_name: "\0", name: ["Ada\0 King"] };
      assert.deepEqual(await namesOf("00u-nul", names), ["Ada", null, "Ada King"]);
    });

    it("are optional: a person without a last name signs in, and so does one without any", async () => {
      assert.deepEqual(await namesOf("00u-first", { given_name: "Madonna" }), ["Madonna", null, null]);
      assert.deepEqual(await namesOf("00u-none", {}), [null, null, null]);
      assert.deepEqual(await namesOf("00u-none", { name: "Known now" }), [null, null, "Known now"]);
    });

    const odd: [what: string, claim: unknown, name: string | null][] = [
      ["an empty text", "", null],
      ["spaces", "  ", null],
      ["null", null, null],
      ["a number", 42, null],
      ["an object", { formatted: "Lovelace" }, null],
      ["an empty list", [], null],
      ["a list of texts", ["", "King", "Lovelace"], "King"],
    ];
    for (const [at, [what, claim, name]] of odd.entries()) {
      it(`are ${name ?? "absent"} if the claim is ${what}`, async () => {
        const names = await namesOf(`00u-odd-${at}`, { given_name: "Ada", family_name: claim });
        assert.deepEqual(names, ["Ada", name, null]);
      });
    }

    it("are cut if they are overlong, at the first sign-in and at the next", async () => {
      const long = `${"x".repeat(498)}👩‍💻${"y".repeat(5000)}`;
      const cut = "x".repeat(498);
      const claims = { given_name: long, family_name: long, name: long };
      for (const time of ["first", "next"])
        assert.deepEqual(await namesOf("00u-long", claims), [cut, cut, cut], time);
    });
  });
});
