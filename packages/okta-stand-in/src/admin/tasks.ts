import { Router } from "express";
import { displayNameOf, OrgRefusal } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { act, fields, waitBriefly } from "./console.ts";

/** Dashboard > Tasks: the assignments and group pushes that failed. */
export function taskRoutes(org: OrgAdmin): Router {
  const router = Router();
  router.get("/admin/tasks", (_req, res) => {
    res.render("tasks", { title: "Tasks", tasks: failed(org) });
  });
  router.post(
    "/admin/tasks/retry",
    act(
      () => "/admin/tasks",
      async (req) => {
        const keys = fields(req, "task");
        const chosen = failed(org).filter(({ key }) => keys.includes(key));
        if (chosen.length === 0) throw new OrgRefusal("Select at least one task.");
        await waitBriefly(
          Promise.all(
            chosen.map(({ app, kind, id }) =>
              kind === "person" ? org.provisioner.people(app, [id]) : org.provisioner.groups(app, [id]),
            ),
          ),
        );
        const left = failed(org).filter(({ key }) => keys.includes(key)).length;
        return left === 0 ? "The selected tasks are done." : `${left} of the selected tasks failed again.`;
      },
    ),
  );
  return router;
}

function failed({ store }: OrgAdmin) {
  const { people, groups, apps } = store.state;
  return Object.values(apps).flatMap((app) => {
    const persons = Object.entries(app.assignments).map(([id, { problem }]) => {
      const person = people[id];
      return { kind: "person" as const, id, name: person ? displayNameOf(person) : id, problem };
    });
    const pushes = Object.entries(app.pushGroups).map(([id, { problem, pushedName }]) => ({
      kind: "group" as const,
      id,
      name: groups[id]?.name ?? pushedName ?? id,
      problem,
    }));
    return [...persons, ...pushes]
      .filter(({ problem }) => problem !== null)
      .map((task) => ({ ...task, app, key: `${app.id}/${task.id}` }));
  });
}
