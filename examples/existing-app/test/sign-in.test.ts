import assert from "node:assert/strict";
import { deactivatePerson } from "okta-stand-in/people";
import { browserAt } from "./example.ts";
import { useSignIns } from "./sign-ins.ts";

describe("signing in to the example", () => {
  const { example, rowsIn, oidcCallback, assertSignedIn, assertRefused } = useSignIns();

  describe("by OpenID Connect", () => {
    it("starts a session for the user of the table", async () => {
      const browser = browserAt(example());
      const answer = await browser.get(await oidcCallback(browser));
      assert.deepEqual([answer.status, answer.location], [303, "/"]);
      await assertSignedIn(browser, "Ada@acme.example");
      const [session] = await example().sql("sessions").join("users", "users.id", "user_id");
      assert.equal(session.external_id, example().ada.id);
      assert.equal(await rowsIn("pending_sign_ins"), 0);
    });

    it("finds the user by Okta's id after a change of the address", async () => {
      await example()
        .sql("users")
        .where({ external_id: example().ada.id })
        .update({ email: "ada.l@acme.example" });
      const browser = browserAt(example());
      await browser.get(await oidcCallback(browser));
      await assertSignedIn(browser, "ada.l@acme.example");
    });

    it("refuses an id that two users have", async () => {
      await example().sql("users").insert({
        email: "eve@acme.example",
        created_at: 1,
        external_id: example().ada.id,
      });
      const browser = browserAt(example());
      await assertRefused(await browser.get(await oidcCallback(browser)), "account-conflict");
    });

    it("refuses an answer with a wrong state", async () => {
      const browser = browserAt(example());
      const path = (await oidcCallback(browser)).replace(/state=[^&]*/, "state=wrong");
      await assertRefused(await browser.get(path), "sign-in-not-started-here");
    });

    it("refuses an answer that another browser began", async () => {
      const path = await oidcCallback(browserAt(example()));
      await assertRefused(await browserAt(example()).get(path), "sign-in-not-started-here");
    });

    it("refuses a replayed answer", async () => {
      const browser = browserAt(example());
      const path = await oidcCallback(browser);
      await browser.get(path);
      await browser.post("/sign-out");
      await assertRefused(await browser.get(path), "sign-in-not-started-here");
    });

    it("refuses an answer that comes too late", async () => {
      const browser = browserAt(example());
      const path = await oidcCallback(browser);
      await example()
        .sql("pending_sign_ins")
        .update({ expires_at: Date.now() - 1 });
      await assertRefused(await browser.get(path), "sign-in-not-started-here");
    });

    it("refuses an ID token with a wrong nonce", async () => {
      const browser = browserAt(example());
      const path = await oidcCallback(browser, {
        change: (url) => url.replace(/nonce=[^&]*/, "nonce=wrong"),
      });
      await assertRefused(await browser.get(path), "provider-answer-not-valid");
    });
  });

  it("refuses a deactivated user", async () => {
    await example().client.patch("/Users/1", { op: "replace", value: { active: false } });
    const [row] = await example().sql("users").where({ id: 1 });
    assert.ok(row.disabled_at > 0);
    const browser = browserAt(example());
    await assertRefused(await browser.get(await oidcCallback(browser)), "user-inactive");
  });

  it("ends the sessions of a user whom the org deactivates", async () => {
    const [adas, bobs] = [browserAt(example()), browserAt(example())];
    await adas.get(await oidcCallback(adas));
    await bobs.get(await oidcCallback(bobs, { person: example().bob }));
    await assertSignedIn(bobs, "bob@acme.example");
    await deactivatePerson(example().org, example().ada.id);
    assert.equal((await adas.get("/")).status, 401);
    assert.equal(await rowsIn("sessions"), 1);
    await assertSignedIn(bobs, "bob@acme.example");
  });

  it("ignores the session of a disabled user, even if its row is there", async () => {
    const browser = browserAt(example());
    await browser.get(await oidcCallback(browser));
    await example().sql("users").where({ external_id: example().ada.id }).update({ disabled_at: 1 });
    assert.equal((await browser.get("/")).status, 401);
  });
});
