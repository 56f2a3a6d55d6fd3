import assert from "node:assert/strict";
import { changeMembers, pushGroups, pushNow, renameGroup, unlinkGroup } from "../src/groups.ts";
import { listOf } from "./fake-application.ts";
import { names, useTraffic } from "./okta-traffic.ts";

type Body = Record<string, unknown>;

describe("the stand-in org's group push, compared with Okta's documented traffic", () => {
  const traffic = useTraffic();

  it("creates an empty group if it finds none, and links one that it finds", async () => {
    const { org, app, fake, assertSent } = traffic();
    org.store.state.groups.g = { id: "g", name: "Test SCIMv2", memberIds: [] };
    fake.answers = [[200, listOf()], [201, { id: names.groupId }], [204]];
    await pushGroups(org, app, ["g"]);
    fake.received.pop();
    assertSent("26", "14");

    fake.received = [];
    delete app.pushGroups.g;
    fake.answers = [[200, listOf({ id: names.groupId })], [204]];
    await pushGroups(org, app, ["g"]);
    fake.received.pop();
    assertSent("26");
    assert.equal(Object.values(app.pushGroups)[0]?.remoteId, names.groupId);
  });

  it("renames a group with its id, and sends the name with every change of members", async () => {
    const { org, fake, assertSent, known, pushedGroup } = traffic();
    pushedGroup({});
    fake.answers = [[204]];
    await renameGroup(org, "g", "Test SCIMv20");
    assertSent("28");

    fake.received = [];
    const [first, second] = [
      known("test.user@okta.local", names.userId),
      known("second@okta.local", names.secondId),
    ];
    pushedGroup({ [second.id]: names.secondId });
    fake.answers = [[204], [204]];
    await changeMembers(org, "g", { add: [first.id], remove: [second.id] });
    assert.deepEqual(fake.received[0]?.body, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "replace", value: { id: names.groupId, displayName: "Test SCIMv2" } }],
    });
    fake.received.shift();
    assertSent("30");
  });

  it("sends all members on “Push now”, even of an empty group", async () => {
    const { org, app, fake, assertSent, known, pushedGroup } = traffic();
    const people = [
      known("test.user@okta.local", names.userId),
      known("test.user@okta.local", names.secondId),
    ];
    pushedGroup(Object.fromEntries(people.map(({ id }) => [id, id.slice(3)])));
    fake.answers = [[204], [204]];
    await pushNow(org, app, "g");
    fake.received.shift();
    assertSent("15");

    fake.received = [];
    pushedGroup({});
    fake.answers = [[204], [204]];
    await pushNow(org, app, "g");
    fake.received.shift();
    assertSent("33");
  });

  it("replaces a group of a private app by PUT, and deletes it after an unlink", async () => {
    const { org, app, fake, provision, assertSent, known, pushedGroup } = traffic();
    provision({ updates: "private" });
    const person = known("test.user@okta.local", names.userId);
    pushedGroup({});
    fake.answers = [[200, {}]];
    await changeMembers(org, "g", { add: [person.id] });
    assertSent("35");

    fake.received = [];
    fake.answers = [[204]];
    await unlinkGroup(org, app, "g", true);
    assertSent("36");
    assert.deepEqual([app.pushGroups, Object.keys(org.store.state.groups)], [{}, ["g"]]);
  });

  it("sends at most a hundred member changes in one request", async () => {
    const { org, app, fake, known, pushedGroup } = traffic();
    const people = Array.from({ length: 250 }, (_, number) =>
      known(`p${number}@okta.local`, `remote-${number}`),
    );
    pushedGroup(Object.fromEntries(people.slice(0, 130).map(({ id }) => [id, id.slice(3)])));
    fake.answers = [[204], [204], [204], [204]];
    await changeMembers(org, "g", {
      remove: people.slice(0, 130).map(({ id }) => id),
      add: people.slice(130).map(({ id }) => id),
    });
    const sizes = fake.received
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
});
