/** The reaction of the product to revoked access: docs/how-to/react-to-changes.md. */
import type { EventHandlers } from "../outbox/events.ts";

const pageSize = 100;

/**
 * Hands the open tasks of a person who can no longer sign in back to the colleagues who wrote them. Tasks that have no such
 * colleague stay, and are listed under "Needs an assignee". A second run finds nothing to do.
 */
export const handBackTasks: EventHandlers["handBackTasks"] = async ({ store, event: { userId } }) => {
  await store.transaction(async (inside) => {
    // They may have come back since the event.
    const leaver = await inside.users.lock(userId);
    if (!leaver || (leaver.active && !leaver.blocked)) return;
    const filter = { state: "open", assignee: userId } as const;
    for (let after = null; ; ) {
      const tasks = await inside.tasks.list(filter, pageSize, after);
      for (const { id, created } of tasks) {
        const author = created.person && (await inside.users.byId(created.person.id));
        if (author?.active && !author.blocked) await inside.tasks.assign(id, author.id);
      }
      const last = tasks.at(-1);
      if (!last || tasks.length < pageSize) return;
      after = { createdAt: last.created.at, id: last.id };
    }
  });
};
