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
