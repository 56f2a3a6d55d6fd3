import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addCrowd } from "okta-stand-in/crowd";
import { createOrg } from "okta-stand-in/server";
import { type OrgState, openOrgStore } from "okta-stand-in/state";
import { addApp, integration, oidcSignOn } from "okta-stand-in/testing";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { type Fault, type Front, startFront } from "../helpers/front.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";
import { freePort } from "../helpers/postgres-server.ts";
import { type Program, runProgram, until } from "../helpers/processes.ts";

/** The number of provisioned people, from the org's file. */
function provisionedIn(file: string): number {
  const { apps } = openOrgStore(file).state;
  const assignments = Object.values(apps).flatMap((app) => Object.values(app.assignments));
  return assignments.filter(({ state }) => state === "provisioned").length;
}

/** Stops answering after this number of created people, so that even a fast machine leaves some. */
function silentAfter(people: number): Fault {
  let created = 0;
  return {
    request: ({ method, path }) =>
      method === "POST" && path.endsWith("/Users") && ++created > people
        ? new Promise(() => undefined)
        : undefined,
  };
}

/** The defaults take seconds. PUSH_PEOPLE=5000 PUSH_GROUPS=200 is a large customer. */
const sizes = {
  people: Number(process.env.PUSH_PEOPLE ?? 250),
  groups: Number(process.env.PUSH_GROUPS ?? 10),
};

describe("a long push by the stand-in org", function () {
  this.timeout(sizes.people * 200 + 60_000);
  onEachDatabase((use) => {
    let app: TestApp;
    /** Between an org and the app. */
    let front: Front;
    let tenant: TestTenant;
    let folder: string;
    before(async () => {
      app = await startTestApp(use().database, { logLevel: "error" });
      front = await startFront();
      front.pointTo(app.url);
      folder = mkdtempSync(join(tmpdir(), "starter-push-"));
    });
    beforeEach(async () => {
      tenant = await createTestTenant(use().database);
    });
    after(async () => {
      await front.close();
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const file = () => join(folder, `${tenant.tenant.id}.json`);

    /** An org in this process, with an app that provisions the tenant. */
    async function newOrg(path: string | null, address = app.url) {
      const { token } = await createToken(tenant.store);
      const org = await createOrg({ store: openOrgStore(path), url: "http://127.0.0.1:9" });
      const one = addApp({ ...org, server: org.server }, oidcSignOn("http://localhost:9/callback"));
      one.provisioning = integration(`${address.replace("localhost", "127.0.0.1")}/scim/v2`, { token });
      return { org, one };
    }

    /** Asserts that the tenant has exactly the org's people and members, each once and active. */
    async function assertSame(state: OrgState): Promise<void> {
      const { store } = tenant;
      const users = await store.users.page(0, sizes.people + 10);
      const people = Object.values(state.people);
      assert.deepEqual(
        users.map(({ loginName, sourceKey, active }) => `${loginName} ${sourceKey} ${active}`).sort(),
        people.map(({ login, id }) => `${login} ${id} true`).sort(),
      );
      const loginOf = new Map(users.map(({ id, loginName }) => [id, loginName]));
      const groups = Object.values(state.groups);
      assert.equal(await store.groups.count(), groups.length);
      for (const { name, memberIds } of groups) {
        const group = await store.groups.byName(name);
        assert.ok(group, name);
        const members = await store.groupMembers.page(group.id, null, 1_000);
        assert.deepEqual(
          members.map((id) => loginOf.get(id)).sort(),
          memberIds.map((id) => state.people[id]?.login).sort(),
        );
      }
      const [connected] = Object.values(state.apps);
      const left = [
        ...Object.values(connected?.assignments ?? {}),
        ...Object.values(connected?.pushGroups ?? {}),
      ];
      assert.deepEqual(
        left.filter(({ state: now }) => !["provisioned", "pushed"].includes(now)),
        [],
      );
    }

    it("provisions all people and groups, and reports its progress", async () => {
      const { org, one } = await newOrg(null);
      const started = performance.now();
      const pushing = addCrowd(org, one, sizes.people, sizes.groups);
      const seen: number[] = [];
      const watch = setInterval(() => seen.push(org.provisioner.progress(one.id)?.done ?? 0), 50);
      await pushing;
      clearInterval(watch);
      const { done, failed, total, isRunning } = org.provisioner.progress(one.id) ?? {};
      assert.deepEqual([done, failed, total, isRunning], [sizes.people + sizes.groups, 0, done, false]);
      assert.ok(
        seen.some((at) => at > 0 && at < sizes.people),
        "the progress was seen",
      );
      await assertSame(org.store.state);
      if (process.env.PUSH_PEOPLE)
        process.stderr.write(`pushed in ${Math.round(performance.now() - started)} ms\n`);
      await org.provisioner.stopAll();
    });

    it("reaches the same state when it is stopped and pushed again", async () => {
      const { org, one } = await newOrg(null);
      const pushing = addCrowd(org, one, sizes.people, sizes.groups);
      await until("it is under way", () => (org.provisioner.progress(one.id)?.done ?? 0) > 20, 60);
      org.provisioner.stop(one.id);
      await pushing;
      const states = Object.values(one.assignments).map(({ state }) => state);
      assert.ok(states.includes("pending") && states.includes("provisioned"), "it was in the middle");
      await org.provisioner.resume(one);
      await assertSame(org.store.state);
    });

    it("reaches the same state when it is killed, and resumes from its file", async () => {
      const { org, one } = await newOrg(file(), front.url);
      org.store.replace(org.store.state);
      const port = await freePort();
      const address = `http://127.0.0.1:${port}`;
      const run = async (): Promise<Program> => {
        const words = ["--port", String(port), "--file", file()];
        const program = runProgram("packages/okta-stand-in/src/program.ts", words, {});
        await until(
          "the org answers",
          () =>
            fetch(`${address}/login`).then(
              () => true,
              () => false,
            ),
          60,
        );
        return program;
      };
      const admin = new Client(address, address);
      const progress = async () => JSON.parse((await admin.get(`/admin/apps/${one.id}/progress`)).text);
      const first = await run();
      front.plant(silentAfter(40));
      const crowd = { appId: one.id, people: String(sizes.people), groups: String(sizes.groups) };
      assert.equal((await admin.post("/admin/stand-in/crowd", crowd)).status, 303);
      await until("its file says that it is under way", () => provisionedIn(file()) > 0, 60);
      first.child.kill("SIGKILL");
      await first.ended;
      front.plant(null);

      const second = await run();
      await until("it has ended", async () => (await progress())?.isRunning === false, sizes.people);
      second.child.kill("SIGTERM");
      await second.ended;
      await assertSame(openOrgStore(file()).state);
    });
  });
});
