/** The stand-in org's provisioning of an application that records it, and Okta's documented requests to compare with. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import type { OrgApp, OrgPerson, Provisioning } from "../src/state.ts";
import { addApp, addTo, integration, oidcSignOn, startStandIn, type TestOrg } from "../src/testing.ts";
import { FakeApplication } from "./fake-application.ts";

type Body = Record<string, unknown>;

/** Okta's placeholders in the fixtures. */
export const names = {
  userId: "23a35c27-23d3-4c03-b4c5-6443c09e7173",
  secondId: "89bb1940-b905-4575-9e7f-6f887cfb368e",
  groupId: "abf4dd94-a4c0-4f67-89c9-76b03340cb9b",
};
const folder = "test/fixtures/okta";

/** The request that Okta sends: from the file of test/fixtures/okta that begins with this number. */
export function fixture(number: string): {
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

/** Okta's sample of a user that the application returns. */
export const sample = (more: Body = {}): Body => ({
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

interface Traffic {
  org: TestOrg;
  app: OrgApp;
  fake: FakeApplication;
  /** How long the org waited before its requests, in ms. */
  waits: number[];
  provision(wanted: Partial<Provisioning>): void;
  send(): ReturnType<TestOrg["provisioner"]["sender"]>;
  /** Asserts that the org sent exactly the requests of these fixtures. */
  assertSent(...numbers: string[]): void;
  /** A person whom the application has. */
  known(login: string, remoteId: string, id?: string, more?: object): OrgPerson;
  /** A group that the application has, with the members' ids there by their ids in the org. */
  pushedGroup(members: Record<string, string>): void;
}

/** Defines the hooks. Each test begins with an app, and without people, groups and requests. */
export function useTraffic(): () => Traffic {
  const fake = new FakeApplication();
  const waits: number[] = [];
  let org: TestOrg;
  let url: string;
  let app: OrgApp;

  before(async () => {
    org = await startStandIn({ wait: async (ms) => void waits.push(ms) });
    url = await fake.start();
  });
  after(async () => {
    await org.close();
    fake.close();
  });
  beforeEach(() => {
    Object.assign(org.store.state, { people: {}, groups: {}, apps: {} });
    app = addApp(org, oidcSignOn("http://localhost:9/callback"));
    fake.expect();
    waits.length = 0;
    provision({});
  });

  function provision(wanted: Partial<Provisioning>): void {
    app.provisioning = integration(url, wanted);
  }

  function assertSent(...numbers: string[]): void {
    assert.equal(fake.answers.length, 0, "every prepared answer was used");
    assert.deepEqual(
      fake.received.map(({ method, path, body }) => ({ method, path, body })),
      numbers.map((number) => {
        const { method, path, body } = fixture(number);
        return { method, path, body };
      }),
    );
  }

  function known(login: string, remoteId: string, id = `00u${remoteId}`, more: object = {}): OrgPerson {
    const person = addTo(org, { login, id, ...more });
    app.assignments[person.id] = { remoteId, state: "provisioned", problem: null };
    return person;
  }

  function pushedGroup(members: Record<string, string>): void {
    org.store.state.groups.g = { id: "g", name: "Test SCIMv2", memberIds: Object.keys(members) };
    const pushed = { remoteId: names.groupId, pushedName: "Test SCIMv2", pushedMembers: members };
    app.pushGroups.g = { ...pushed, state: "pushed", problem: null };
  }

  const send = () => org.provisioner.sender(app, "test");
  return () => ({ org, app, fake, waits, provision, send, assertSent, known, pushedGroup });
}
