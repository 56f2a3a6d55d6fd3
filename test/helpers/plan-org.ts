import assert from "node:assert/strict";
import { addPerson, assign } from "okta-stand-in/people";
import type { OrgApp, OrgPerson } from "okta-stand-in/state";
import { addApp, integration, oidcSignOn, startStandIn, type TestOrg } from "okta-stand-in/testing";
import type { ScimBody } from "./scim.ts";
import type { ScimSite, ScimTenant } from "./scim-site.ts";

/** The tester of Okta's plan: an org that provisions a tenant of the application. The stand-in plays it. */
export interface PlanOrg {
  org: TestOrg;
  app: OrgApp;
  tenant: ScimTenant;
  /** "Add Person", without an assignment. */
  add(login: string): OrgPerson;
  /** Adds people, and assigns each of them to the app. */
  assigned(...logins: string[]): Promise<OrgPerson[]>;
  /** The calls that the org made meanwhile: "PUT /Users/{id} 200". */
  callsOf(work: () => unknown): Promise<string[]>;
  /** The application's user with this name. */
  user(login: string): Promise<ScimBody>;
  /** The application's groups with this name, with the names of their members in order. */
  groups(name: string): Promise<{ id: string; members: string[] }[]>;
}

/** Defines the hooks. The returned function returns a new tenant and an empty org in a test. */
export function usePlanOrg(site: () => ScimSite): () => PlanOrg {
  let org: TestOrg;
  let plan: PlanOrg;
  before(async () => {
    org = await startStandIn();
  });
  beforeEach(async () => {
    await org.reset({ people: {}, groups: {}, apps: {} });
    plan = planOrg(org, site().app.url, await site().tenant("refuse"));
  });
  after(async () => {
    await org.close();
  });
  return () => plan;
}

function planOrg(org: TestOrg, origin: string, tenant: ScimTenant): PlanOrg {
  const baseUrl = `${origin.replace("localhost", "127.0.0.1")}/scim/v2`;
  const app = addApp(org, oidcSignOn(`${origin}/callback`));
  app.provisioning = integration(baseUrl, { token: tenant.token });
  const { client } = tenant;
  const add = (login: string) =>
    addPerson(org, { login, email: login, firstName: "Ada", middleName: "", lastName: "Byron" });
  const user = async (login: string) => {
    const { body } = await client.find(`userName eq "${login}"`);
    assert.equal(body.totalResults, 1, login);
    return body.Resources[0];
  };
  return {
    org,
    app,
    tenant,
    add,
    user,
    async assigned(...logins) {
      const people = logins.map(add);
      await assign(
        org,
        app,
        people.map(({ id }) => id),
      );
      for (const { id } of people) assert.equal(app.assignments[id]?.problem, null);
      return people;
    },
    async callsOf(work) {
      const before = org.calls.total;
      await work();
      const made = org.calls.total - before;
      const calls = made === 0 ? [] : org.calls.latest(made).reverse();
      return calls.map(({ method, url, status }) => {
        const path = url.slice(baseUrl.length).replace(/^(\/\w+\/)[^/?]+/, "$1{id}");
        return `${method} ${path.replace(/\?filter=.*/, "?filter")} ${status}`;
      });
    },
    async groups(name) {
      const { body } = await client.get(`/Groups?filter=${encodeURIComponent(`displayName eq "${name}"`)}`);
      const ids: string[] = body.Resources.map(({ id }: ScimBody) => id);
      return await Promise.all(
        ids.map(async (id) => {
          const { body: group } = await client.get(`/Groups/${id}`);
          const members: ScimBody[] = group.members;
          const names = await Promise.all(members.map(({ value }) => client.get(`/Users/${value}`)));
          return { id, members: names.map((answer) => answer.body.userName).sort() };
        }),
      );
    },
  };
}
