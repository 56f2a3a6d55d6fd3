import assert from "node:assert/strict";
import { landingPath } from "../../src/web/home.ts";
import { safePath } from "../../src/web/request.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { testPassword } from "../helpers/people.ts";
import { plantSession, useSite } from "../helpers/site.ts";

const followed: [string, string][] = [
  ["/account?x=1&y=2", "/account?x=1&y=2"],
  ["/account", "/account"],
  ["/login/../account", "/account"],
  ["/login?returnTo=//evil.example", "/login?returnTo=//evil.example"],
  ["/account#fragment", "/account"],
  ["/%2F/evil.example", "/%2F/evil.example"],
];
const notFollowed: unknown[] = [
  ...["//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/.//evil.example"],
  ...[
    "/..//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "https://evil.example",
    "http:evil.example",
  ],
  ...[
    "javascript:alert(1)",
    "data:text/html,x",
    " /account",
    "account",
    "",
    "/".repeat(2001),
    `/${"x".repeat(2000)}`,
    "//",
    "//[",
  ],
  ...[undefined, null, 1, ["/account"], { toString: "/account" }],
];

describe("the page to return to", () => {
  for (const [wanted, path] of followed) {
    it(`follows ${wanted}`, () => {
      assert.equal(safePath(wanted, "https://product.example", "/home"), path);
    });
  }
  for (const wanted of notFollowed) {
    it(`does not follow ${JSON.stringify(wanted)?.slice(0, 40)}`, () => {
      assert.equal(safePath(wanted, "https://product.example", "/home"), "/home");
    });
  }

  onOneDatabase((use) => {
    const site = useSite(use);

    it("is never on another site, before or after the sign-in", async () => {
      const passwordForm = `/login/password/${site().acme.tenant.slug}`;
      const evil = ["//evil.example", "/\\evil.example", "/.//evil.example", "https://evil.example"];
      const client = await site().clientOf(site().owner);
      for (const returnTo of [...evil, "javascript:alert(1)"]) {
        assertRedirect(await client.get(`/login?${new URLSearchParams({ returnTo })}`), landingPath);
      }
      const form = { loginName: "owner@acme.example", password: testPassword };
      for (const returnTo of evil.slice(0, 2)) {
        assertRedirect(
          await site()
            .app.client()
            .post(passwordForm, { ...form, returnTo }),
          landingPath,
        );
      }
      const wanted = await site()
        .app.client()
        .post(passwordForm, { ...form, returnTo: "/account?x=1" });
      assertRedirect(wanted, "/account?x=1");
    });

    it("is left out if it is too long: a client that limits the header of an answer would get none", async () => {
      const long = `?q=${"%f0%90%80%80".repeat(500)}`;
      const visitor = site().app.client();
      assertRedirect(await visitor.get(`/account${long}`), "/login");
      const { acme, app, owner } = site();
      const stale = app.client();
      const createdAt = Date.now() - 3_600_000;
      stale.cookies.set("session", await plantSession(use(), acme.tenant, owner, { createdAt }));
      assertRedirect(await stale.get(`/account/authenticator${long}`), "/login/again");
      const form = { tenant: "acme", returnTo: `/account${long}` };
      assertRedirect(await visitor.post("/login/password", form), "/login/password/acme");
    });

    it("is the page that required the sign-in", async () => {
      const away = await site().app.client().get("/account?x=1");
      assertRedirect(away, "/login?returnTo=%2Faccount%3Fx%3D1");
      const form = await site()
        .app.client()
        .get(away.location ?? "");
      assert.ok(form.text.includes('name="returnTo" value="/account?x=1"'));
    });

    it("is never a path that accepts POST only", async () => {
      assertRedirect(await site().app.client().post("/account/sessions/end-others"), "/login");
    });
  });
});
