import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { blockUser, unblockUser } from "../../src/directory/access.ts";
import { updateProvisionedUser } from "../../src/directory/provisioning.ts";
import { createLog } from "../../src/log.ts";
import { eventHandler } from "../../src/outbox/events.ts";
import { openRunner } from "../../src/outbox/runner.ts";
import { handBackTasks } from "../../src/tasks/events.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { handlersOf } from "../helpers/outbox.ts";
import { createTestTenant, newUser } from "../helpers/people.ts";

describe("the tasks of a person whose access was revoked", () => {
  onEachDatabase((use) => {
    async function world() {
      const { database } = use();
      const acme = await createTestTenant(database);
      const { store, writer } = acme;
      const person = (name: string) =>
        store.users.create(newUser(`${name}@acme.example`, { sourceId: writer.source.id }));
      const [leaver, author, gone] = [await person("leaver"), await person("author"), await person("gone")];
      await store.users.update(gone.id, { active: false });
      /** Adds a task of the leaver. */
      async function task(by: { id: string } | null): Promise<string> {
        const id = randomUUID();
        await store.tasks.create(id, "Water the plants", by && { userId: by.id, agent: null });
        await store.tasks.assign(id, leaver.id);
        return id;
      }
      const handlers = handlersOf({ event: eventHandler(database, { handBackTasks }) });
      const runner = openRunner({ database, log: createLog("silent"), handlers });
      const assigneeOf = async (id: string) => (await store.tasks.get(id)).assignee?.id ?? null;
      return { store, writer, leaver, author, gone, task, runner, assigneeOf };
    }

    it("go back to their authors, if these can sign in", async () => {
      const { store, writer, leaver, author, gone, task, runner, assigneeOf } = await world();
      const ofAuthor = await task(author);
      const done = await task(author);
      await store.tasks.setCompleted(done, true);
      const own = await task(leaver);
      const ofGone = await task(gone);
      const ofNoOne = await task(null);
      await updateProvisionedUser(store, writer, leaver.id, { active: false });
      assert.equal(await assigneeOf(ofAuthor), leaver.id, "the request does not wait for it");
      assert.ok((await runner.runDue()) > 0);
      assert.equal(await assigneeOf(ofAuthor), author.id);
      for (const id of [done, own, ofGone, ofNoOne]) assert.equal(await assigneeOf(id), leaver.id);
    });

    it("go back when the person is blocked, however many there are", async () => {
      const { store, leaver, author, task, runner, assigneeOf } = await world();
      const own = [];
      for (let count = 0; count < 101; count++) own.push(await task(leaver));
      const ids = [await task(author), await task(author)];
      await store.tasks.setCompleted(own[0] ?? "", true);
      await blockUser(store, leaver.id);
      await runner.runDue();
      for (const id of ids) assert.equal(await assigneeOf(id), author.id);
    });

    it("stay if the person has come back since", async () => {
      const { store, leaver, author, task, runner, assigneeOf } = await world();
      const id = await task(author);
      await blockUser(store, leaver.id);
      await unblockUser(store, leaver.id);
      await runner.runDue();
      assert.equal(await assigneeOf(id), leaver.id);
    });
  });
});
