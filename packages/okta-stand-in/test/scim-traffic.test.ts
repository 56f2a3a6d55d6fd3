import assert from "node:assert/strict";
import { assign, editPerson, unassign } from "../src/people.ts";
import { discover, importAll, syncPassword, testCredentials } from "../src/provisioning.ts";
import { ScimFailure } from "../src/scim-failure.ts";
import { addTo } from "../src/testing.ts";
import { listOf } from "./fake-application.ts";
import { fixture, names, sample, useTraffic } from "./okta-traffic.ts";

type Body = Record<string, unknown>;

describe("the stand-in org's provisioning, compared with Okta's documented traffic", () => {
  const traffic = useTraffic();

  it("tests API credentials with Okta's headers", async () => {
    const { fake, send, assertSent } = traffic();
    fake.answers = [
      [200, listOf()],
      [200, listOf()],
    ];
    await testCredentials(send());
    assertSent("01", "02");
    const { host, connection, ...headers } = fake.received[0]?.headers ?? {};
    assert.deepEqual(headers, {
      "user-agent": "Okta SCIM Client 1.0.0",
      authorization: "Bearer a token",
      accept: "application/scim+json",
      "accept-charset": "utf-8",
      "accept-encoding": "gzip, deflate",
    });
    assert.ok(host && connection);
  });

  it("sends the raw token in Header mode, and shows the application's error", async () => {
    const { fake, provision, send, assertSent } = traffic();
    provision({ mode: "Header", token: "non-token" });
    fake.answers = [[401, { detail: "Authentication failed", status: "401" }]];
    await assert.rejects(testCredentials(send()), (error) => {
      assert.ok(error instanceof ScimFailure);
      assert.deepEqual(
        [error.status, error.message],
        [401, "The application answered 401: Authentication failed"],
      );
      return true;
    });
    assertSent("03");
    assert.equal(fake.received[0]?.headers.authorization, fixture("03").headers?.authorization);
  });

  it("looks a person up, and creates one that it does not find", async () => {
    const { org, app, fake } = traffic();
    const person = addTo(org, { login: "test.user@okta.local" });
    fake.answers = [
      [200, listOf()],
      [201, sample()],
    ];
    await assign(org, app, [person.id]);
    assert.equal(fake.received[0]?.path, fixture("04").path);
    assert.equal(app.assignments[person.id]?.remoteId, names.userId);

    fake.received = [];
    const mixed = addTo(org, { login: "Test.User@okta.local", id: "00ujl29u0le5T6Aj10h7" });
    fake.answers = [
      [200, listOf()],
      [201, sample()],
    ];
    await assign(org, app, [mixed.id]);
    const { password, ...body } = (fake.received[1]?.body ?? {}) as Body;
    const { password: documented, ...expected } = fixture("05").body ?? {};
    assert.deepEqual(body, expected);
    assert.ok(
      typeof password === "string" && password.length >= 8 && documented,
      "a password is always sent",
    );
    assert.equal(fake.received[1]?.headers["content-type"], "application/scim+json; charset=utf-8");
  });

  it("stores the application's error if it cannot create a person, and tries again on demand", async () => {
    const { org, app, fake } = traffic();
    const person = addTo(org, { login: "test.user@okta.local" });
    fake.answers = [
      [200, listOf()],
      [409, { detail: "User already exists in the database.", status: "409" }],
    ];
    await assign(org, app, [person.id]);
    const assignment = app.assignments[person.id];
    assert.deepEqual(assignment, {
      remoteId: null,
      state: "failed",
      problem: "The application answered 409: User already exists in the database.",
    });
    fake.answers = [
      [200, listOf()],
      [201, {}],
    ];
    await org.provisioner.resume(app);
    assert.match(assignment?.problem ?? "", /Create new user returned empty user/);
    fake.answers = ["silence"];
    await org.provisioner.resume(app);
    assert.match(assignment?.problem ?? "", /No answer from the application: ECONNRESET/);
    fake.answers = [
      [200, listOf()],
      [201, sample()],
    ];
    await org.provisioner.resume(app);
    assert.deepEqual(assignment, { remoteId: names.userId, state: "provisioned", problem: null });
  });

  it("links a person that the application knows, even a deactivated one, and activates them", async () => {
    const { org, app, fake, assertSent } = traffic();
    const person = { firstName: "Another", middleName: "Excited" };
    const linked = addTo(org, { login: "Test.User@okta.local", ...person });
    const found = sample({ active: false });
    fake.answers = [
      [200, listOf(found)],
      [200, found],
      [200, sample()],
    ];
    await assign(org, app, [linked.id]);
    assert.equal(fake.received[0]?.path, fixture("19").path);
    fake.received.shift();
    assertSent("12", "22");
  });

  it("pushes a profile by GET, then PUT with all of the application's attributes", async () => {
    const { org, fake, assertSent, known } = traffic();
    const person = known("Test.User@okta.local", names.userId);
    const form = { login: person.login, email: person.email, lastName: "User" };
    fake.answers = [
      [200, sample()],
      [200, sample()],
    ];
    await editPerson(org, person.id, { ...form, firstName: "Another", middleName: "Excited" });
    assertSent("12", "16");
    fake.received = [];
    fake.answers = [
      [200, sample({ name: { givenName: "Another", middleName: "Excited", familyName: "User" } })],
      [200, sample()],
    ];
    await editPerson(org, person.id, { ...form, firstName: "Another", middleName: "" });
    assertSent("12", "17");
  });

  it("deactivates and activates by PATCH without a path", async () => {
    const { org, app, fake, provision, assertSent, known } = traffic();
    provision({ updates: "patch" });
    const person = known("Test.User@okta.local", names.userId);
    fake.answers = [[200, sample({ active: false })]];
    await unassign(org, app, [person.id]);
    assertSent("18");
    assert.deepEqual(app.assignments, {});

    fake.received = [];
    fake.answers = [[200, listOf(sample({ active: false }))], [200, sample({ active: false })], [204], [204]];
    await assign(org, app, [person.id]);
    const { method, path, body } = fake.received[2] ?? {};
    assert.deepEqual({ method, path, body }, fixture("20"));
    assert.equal(fake.received[3]?.method, "PATCH");
  });

  it("updates users of a private app by PUT only", async () => {
    const { org, app, fake, provision, assertSent, known } = traffic();
    provision({ updates: "private" });
    const person = known("Test.User@okta.local", names.userId, undefined, {
      firstName: "Another",
      middleName: "Excited",
    });
    fake.answers = [
      [200, sample()],
      [200, sample()],
    ];
    await unassign(org, app, [person.id]);
    assertSent("12", "21");
  });

  it("synchronises a password", async () => {
    const { fake, send, assertSent } = traffic();
    fake.answers = [[204]];
    await syncPassword(send(), names.userId, "n3w-Pa55word");
    assertSent("23");
  });

  it("imports page by page until the total is covered", async () => {
    const { fake, send, assertSent } = traffic();
    const page = Array.from({ length: 100 }, (_, number) => ({ id: String(number) }));
    fake.answers = [
      [200, { ...listOf(...page), totalResults: 101 }],
      [200, listOf({ id: "last" })],
      [200, listOf()],
    ];
    const { users } = await importAll(send());
    assert.equal(users.length, 101);
    assertSent("10", "11", "25");
  });

  it("reads the roles and entitlements that can be assigned", async () => {
    const { fake, send, assertSent } = traffic();
    const role = { schema: "urn:okta:scim:schemas:core:1.0:Role", endpoint: "/Roles" };
    fake.answers = [
      [200, listOf(role, { schema: "urn:x", endpoint: "/Users" })],
      [200, listOf()],
      [200, listOf()],
    ];
    await discover(send());
    assertSent("39", "41", "43");
  });

  describe("after a 429", () => {
    const tooMany = (retryAfter?: string): [number, Body, Record<string, string>] => [
      ...([429, { detail: "Rate limit exceeded" }] as const),
      retryAfter === undefined ? {} : { "retry-after": retryAfter },
    ];

    it("waits for the seconds in Retry-After, then twice as long each time", async () => {
      const { fake, waits, send } = traffic();
      fake.answers = [tooMany("3"), tooMany("3"), tooMany("3"), [200, listOf()], [200, listOf()]];
      await testCredentials(send());
      assert.deepEqual(waits, [3_000, 6_000, 12_000]);
      assert.equal(fake.received.length, 5);
    });

    for (const [what, value] of [
      ["absent", undefined],
      ["a date", "Wed, 21 Oct 2026 07:28:00 GMT"],
      ["a fraction", "1.5"],
    ] as const) {
      it(`waits five minutes if Retry-After is ${what}`, async () => {
        const { fake, waits, send } = traffic();
        fake.answers = [tooMany(value), [200, listOf()], [200, listOf()]];
        await testCredentials(send());
        assert.deepEqual(waits, [300_000]);
      });
    }

    it("gives up after ten attempts", async () => {
      const { fake, send } = traffic();
      fake.answers = Array.from({ length: 11 }, () => tooMany("1"));
      await assert.rejects(testCredentials(send()), /too many requests 10 times/);
      assert.equal(fake.received.length, 10);
      fake.answers = [];
    });
  });

  it("logs every call without the token and passwords", async () => {
    const { org, app, fake } = traffic();
    org.calls.clear();
    fake.answers = [
      [200, listOf()],
      [201, sample()],
    ];
    await assign(org, app, [addTo(org, { login: "secret@okta.local" }).id]);
    const [post, get] = org.calls.latest(10);
    assert.deepEqual([get?.method, get?.status, post?.method, post?.status], ["GET", 200, "POST", 201]);
    assert.equal(post?.requestHeaders.Authorization, "Bearer ••••••");
    assert.equal(((post?.requestBody ?? {}) as Body).password, "••••••");
    assert.doesNotMatch(JSON.stringify(org.calls.latest(10)), /a token/);
    assert.match(post?.why ?? "", /Assign Test User/);
  });
});
