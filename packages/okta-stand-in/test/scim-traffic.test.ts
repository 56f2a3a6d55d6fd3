import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { changeMembers, pushGroups, pushNow, renameGroup, unlinkGroup } from "../src/groups.ts";
import { assign, editPerson, unassign } from "../src/people.ts";
import { discover, importAll, syncPassword, testCredentials } from "../src/provisioning.ts";
import { ScimFailure } from "../src/scim-failure.ts";
import type { OrgApp, Provisioning } from "../src/state.ts";
import { addApp, addTo, integration, oidcSignOn, startStandIn, type TestOrg } from "../src/testing.ts";

type Body = Record<string, unknown>;

interface Received {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: unknown;
}

const names = {
  userId: "23a35c27-23d3-4c03-b4c5-6443c09e7173",
  secondId: "89bb1940-b905-4575-9e7f-6f887cfb368e",
  groupId: "abf4dd94-a4c0-4f67-89c9-76b03340cb9b",
};
const folder = "test/fixtures/okta";

/** The request that Okta sends: from the file of test/fixtures/okta that begins with this number. */
function fixture(number: string): {
  method: string;
  path: string;
  body?: Body;
  headers?: Record<string, string>;
} {
  const file = readdirSync(folder).find((name) => name.startsWith(`${number}-`)) ?? "";
  const text = readFileSync(`${folder}/${file}`, "utf8").replace(/\{\{(\w+)\}\}/g, (whole, name) =>
    Object.hasOwn(names, name) ? names[name as keyof typeof names] : whole,
  );
  return (JSON.parse(text) as { request: ReturnType<typeof fixture> }).request;
}

const list = (...Resources: Body[]) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
  totalResults: Resources.length,
  startIndex: 1,
  itemsPerPage: Resources.length,
  Resources,
});

/** Okta's sample of a user that the application returns. */
const sample = (more: Body = {}): Body => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
  id: names.userId,
  userName: "Test.User@okta.local",
  name: { givenName: "Test", middleName: "", familyName: "User" },
  active: true,
  emails: [{ primary: true, value: "Test.User@okta.local", type: "work", display: "test.user@okta.local" }],
  groups: [],
  meta: { resourceType: "User" },
  ...more,
});

describe("the stand-in org's provisioning, compared with Okta's documented traffic", () => {
  let org: TestOrg;
  let app: OrgApp;
  let server: Server;
  let received: Received[];
  let answers: ([status: number, body?: unknown, headers?: Record<string, string>] | "silence")[];
  const waits: number[] = [];

  before(async () => {
    org = await startStandIn({ wait: async (ms) => void waits.push(ms) });
    server = createServer(async (req, res) => {
      const body = Number(req.headers["content-length"] ?? 0) > 0 ? await json(req) : undefined;
      received.push({ method: req.method ?? "", path: req.url ?? "", headers: req.headers, body });
      const next = answers.shift() ?? [500, { detail: "no answer was prepared" }];
      if (next === "silence") {
        res.destroy();
        return;
      }
      const [status, answer, headers = {}] = next;
      res.writeHead(status, { "content-type": "application/scim+json", ...headers });
      res.end(answer === undefined ? undefined : JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    await org.close();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    Object.assign(org.store.state, { people: {}, groups: {}, apps: {} });
    app = addApp(org, oidcSignOn("http://localhost:9/callback"));
    [received, answers] = [[], []];
    waits.length = 0;
    provision({});
  });

  function provision(wanted: Partial<Provisioning>): void {
    const { port } = server.address() as AddressInfo;
    app.provisioning = integration(`http://127.0.0.1:${port}`, wanted);
  }

  const send = () => org.provisioner.sender(app, "test");

  /** Asserts that the org sent exactly the requests of these fixtures. */
  function assertSent(...numbers: string[]): void {
    assert.equal(answers.length, 0, "every prepared answer was used");
    assert.deepEqual(
      received.map(({ method, path, body }) => ({ method, path, body })),
      numbers.map((number) => {
        const { method, path, body } = fixture(number);
        return { method, path, body };
      }),
    );
  }

  const known = (login: string, remoteId: string, id = `00u${remoteId}`, more: object = {}) => {
    const person = addTo(org, { login, id, ...more });
    app.assignments[person.id] = { remoteId, state: "provisioned", problem: null };
    return person;
  };
  const pushedGroup = (members: Record<string, string>) => {
    org.store.state.groups.g = { id: "g", name: "Test SCIMv2", memberIds: Object.keys(members) };
    app.pushGroups.g = {
      remoteId: names.groupId,
      pushedName: "Test SCIMv2",
      pushedMembers: members,
      state: "pushed",
      problem: null,
    };
  };

  it("tests API credentials with Okta's headers", async () => {
    answers = [
      [200, list()],
      [200, list()],
    ];
    await testCredentials(send());
    assertSent("01", "02");
    const { host, connection, ...headers } = received[0]?.headers ?? {};
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
    provision({ mode: "Header", token: "non-token" });
    answers = [[401, { detail: "Authentication failed", status: "401" }]];
    await assert.rejects(testCredentials(send()), (error) => {
      assert.ok(error instanceof ScimFailure);
      assert.deepEqual(
        [error.status, error.message],
        [401, "The application answered 401: Authentication failed"],
      );
      return true;
    });
    assertSent("03");
    assert.equal(received[0]?.headers.authorization, fixture("03").headers?.authorization);
  });

  it("looks a person up, and creates one that it does not find", async () => {
    const person = addTo(org, { login: "test.user@okta.local" });
    answers = [
      [200, list()],
      [201, sample()],
    ];
    await assign(org, app, [person.id]);
    assert.equal(received[0]?.path, fixture("04").path);
    assert.equal(app.assignments[person.id]?.remoteId, names.userId);

    received = [];
    const mixed = addTo(org, { login: "Test.User@okta.local", id: "00ujl29u0le5T6Aj10h7" });
    answers = [
      [200, list()],
      [201, sample()],
    ];
    await assign(org, app, [mixed.id]);
    const { password, ...body } = (received[1]?.body ?? {}) as Body;
    const { password: documented, ...expected } = fixture("05").body ?? {};
    assert.deepEqual(body, expected);
    assert.ok(
      typeof password === "string" && password.length >= 8 && documented,
      "a password is always sent",
    );
    assert.equal(received[1]?.headers["content-type"], "application/scim+json; charset=utf-8");
  });

  it("stores the application's error if it cannot create a person, and tries again on demand", async () => {
    const person = addTo(org, { login: "test.user@okta.local" });
    answers = [
      [200, list()],
      [409, { detail: "User already exists in the database.", status: "409" }],
    ];
    await assign(org, app, [person.id]);
    const assignment = app.assignments[person.id];
    assert.deepEqual(assignment, {
      remoteId: null,
      state: "failed",
      problem: "The application answered 409: User already exists in the database.",
    });
    answers = [
      [200, list()],
      [201, {}],
    ];
    await org.provisioner.resume(app);
    assert.match(assignment?.problem ?? "", /Create new user returned empty user/);
    answers = ["silence"];
    await org.provisioner.resume(app);
    assert.match(assignment?.problem ?? "", /No answer from the application: ECONNRESET/);
    answers = [
      [200, list()],
      [201, sample()],
    ];
    await org.provisioner.resume(app);
    assert.deepEqual(assignment, { remoteId: names.userId, state: "provisioned", problem: null });
  });

  it("links a person that the application knows, even a deactivated one, and activates them", async () => {
    const person = { firstName: "Another", middleName: "Excited" };
    const linked = addTo(org, { login: "Test.User@okta.local", ...person });
    const found = sample({ active: false });
    answers = [
      [200, list(found)],
      [200, found],
      [200, sample()],
    ];
    await assign(org, app, [linked.id]);
    assert.equal(received[0]?.path, fixture("19").path);
    received.shift();
    assertSent("12", "22");
  });

  it("pushes a profile by GET, then PUT with all of the application's attributes", async () => {
    const person = known("Test.User@okta.local", names.userId);
    const form = { login: person.login, email: person.email, lastName: "User" };
    answers = [
      [200, sample()],
      [200, sample()],
    ];
    await editPerson(org, person.id, { ...form, firstName: "Another", middleName: "Excited" });
    assertSent("12", "16");
    received = [];
    answers = [
      [200, sample({ name: { givenName: "Another", middleName: "Excited", familyName: "User" } })],
      [200, sample()],
    ];
    await editPerson(org, person.id, { ...form, firstName: "Another", middleName: "" });
    assertSent("12", "17");
  });

  it("deactivates and activates by PATCH without a path", async () => {
    provision({ updates: "patch" });
    const person = known("Test.User@okta.local", names.userId);
    answers = [[200, sample({ active: false })]];
    await unassign(org, app, [person.id]);
    assertSent("18");
    assert.deepEqual(app.assignments, {});

    received = [];
    answers = [[200, list(sample({ active: false }))], [200, sample({ active: false })], [204], [204]];
    await assign(org, app, [person.id]);
    const { method, path, body } = received[2] ?? {};
    assert.deepEqual({ method, path, body }, fixture("20"));
    assert.equal(received[3]?.method, "PATCH");
  });

  it("updates users of a private app by PUT only", async () => {
    provision({ updates: "private" });
    const person = known("Test.User@okta.local", names.userId, undefined, {
      firstName: "Another",
      middleName: "Excited",
    });
    answers = [
      [200, sample()],
      [200, sample()],
    ];
    await unassign(org, app, [person.id]);
    assertSent("12", "21");
  });

  it("synchronises a password", async () => {
    answers = [[204]];
    await syncPassword(send(), names.userId, "n3w-Pa55word");
    assertSent("23");
  });

  it("imports page by page until the total is covered", async () => {
    const page = Array.from({ length: 100 }, (_, number) => ({ id: String(number) }));
    answers = [
      [200, { ...list(...page), totalResults: 101 }],
      [200, list({ id: "last" })],
      [200, list()],
    ];
    const { users } = await importAll(send());
    assert.equal(users.length, 101);
    assertSent("10", "11", "25");
  });

  it("creates an empty group if it finds none, and links one that it finds", async () => {
    org.store.state.groups.g = { id: "g", name: "Test SCIMv2", memberIds: [] };
    answers = [[200, list()], [201, { id: names.groupId }], [204]];
    await pushGroups(org, app, ["g"]);
    received.pop();
    assertSent("26", "14");

    received = [];
    delete app.pushGroups.g;
    answers = [[200, list({ id: names.groupId })], [204]];
    await pushGroups(org, app, ["g"]);
    received.pop();
    assertSent("26");
    assert.equal(Object.values(app.pushGroups)[0]?.remoteId, names.groupId);
  });

  it("renames a group with its id, and sends the name with every change of members", async () => {
    pushedGroup({});
    answers = [[204]];
    await renameGroup(org, "g", "Test SCIMv20");
    assertSent("28");

    received = [];
    const [first, second] = [
      known("test.user@okta.local", names.userId),
      known("second@okta.local", names.secondId),
    ];
    pushedGroup({ [second.id]: names.secondId });
    answers = [[204], [204]];
    await changeMembers(org, "g", { add: [first.id], remove: [second.id] });
    assert.deepEqual(received[0]?.body, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "replace", value: { id: names.groupId, displayName: "Test SCIMv2" } }],
    });
    received.shift();
    assertSent("30");
  });

  it("sends all members on “Push now”, even of an empty group", async () => {
    const people = [
      known("test.user@okta.local", names.userId),
      known("test.user@okta.local", names.secondId),
    ];
    pushedGroup(Object.fromEntries(people.map(({ id }) => [id, id.slice(3)])));
    answers = [[204], [204]];
    await pushNow(org, app, "g");
    received.shift();
    assertSent("15");

    received = [];
    pushedGroup({});
    answers = [[204], [204]];
    await pushNow(org, app, "g");
    received.shift();
    assertSent("33");
  });

  it("replaces a group of a private app by PUT, and deletes it after an unlink", async () => {
    provision({ updates: "private" });
    const person = known("test.user@okta.local", names.userId);
    pushedGroup({});
    answers = [[200, {}]];
    await changeMembers(org, "g", { add: [person.id] });
    assertSent("35");

    received = [];
    answers = [[204]];
    await unlinkGroup(org, app, "g", true);
    assertSent("36");
    assert.deepEqual([app.pushGroups, Object.keys(org.store.state.groups)], [{}, ["g"]]);
  });

  it("reads the roles and entitlements that can be assigned", async () => {
    const role = { schema: "urn:okta:scim:schemas:core:1.0:Role", endpoint: "/Roles" };
    answers = [
      [200, list(role, { schema: "urn:x", endpoint: "/Users" })],
      [200, list()],
      [200, list()],
    ];
    await discover(send());
    assertSent("39", "41", "43");
  });

  it("sends at most a hundred member changes in one request", async () => {
    const people = Array.from({ length: 250 }, (_, number) =>
      known(`p${number}@okta.local`, `remote-${number}`),
    );
    pushedGroup(Object.fromEntries(people.slice(0, 130).map(({ id }) => [id, id.slice(3)])));
    answers = [[204], [204], [204], [204]];
    await changeMembers(org, "g", {
      remove: people.slice(0, 130).map(({ id }) => id),
      add: people.slice(130).map(({ id }) => id),
    });
    const sizes = received
      .slice(1)
      .map(({ body }) =>
        ((body as Body).Operations as { op: string; value?: unknown[] }[]).reduce(
          (sum, { value }) => sum + (value?.length ?? 1),
          0,
        ),
      );
    assert.deepEqual(sizes, [100, 100, 50]);
    assert.equal(Object.keys(app.pushGroups.g?.pushedMembers ?? {}).length, 120);
  });

  describe("after a 429", () => {
    const tooMany = (retryAfter?: string): [number, Body, Record<string, string>] => [
      ...([429, { detail: "Rate limit exceeded" }] as const),
      retryAfter === undefined ? {} : { "retry-after": retryAfter },
    ];

    it("waits for the seconds in Retry-After, then twice as long each time", async () => {
      answers = [tooMany("3"), tooMany("3"), tooMany("3"), [200, list()], [200, list()]];
      await testCredentials(send());
      assert.deepEqual(waits, [3_000, 6_000, 12_000]);
      assert.equal(received.length, 5);
    });

    for (const [what, value] of [
      ["absent", undefined],
      ["a date", "Wed, 21 Oct 2026 07:28:00 GMT"],
      ["a fraction", "1.5"],
    ] as const) {
      it(`waits five minutes if Retry-After is ${what}`, async () => {
        answers = [tooMany(value), [200, list()], [200, list()]];
        await testCredentials(send());
        assert.deepEqual(waits, [300_000]);
      });
    }

    it("gives up after ten attempts", async () => {
      answers = Array.from({ length: 11 }, () => tooMany("1"));
      await assert.rejects(testCredentials(send()), /too many requests 10 times/);
      assert.equal(received.length, 10);
      answers = [];
    });
  });

  it("logs every call without the token and passwords", async () => {
    org.calls.clear();
    answers = [
      [200, list()],
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
