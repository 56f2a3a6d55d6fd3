import { type Request, Router } from "express";
import { groupOf, pushGroups, pushNow, unlinkGroup } from "../groups.ts";
import { appOf, displayNameOf, OrgRefusal, personByLogin } from "../org.ts";
import { assign, provisionAll, unassign } from "../people.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { act, field, fields, idIn, pageOf, waitBriefly } from "./console.ts";

/** The tabs Assignments and Push Groups of an app, and the progress of its push. */
export function assignmentRoutes(org: OrgAdmin): Router {
  const router = Router();
  const own = (req: Request) => `/admin/apps/${idIn(req)}/assignments`;
  addPushGroups(router, org);

  router.get("/admin/apps/:id/assignments", (req, res) => {
    const app = appOf(org, idIn(req));
    const rows = Object.entries(app.assignments).flatMap(([id, assignment]) => {
      const person = org.store.state.people[id];
      return person ? [{ person, assignment }] : [];
    });
    const list = pageOf(req, rows, ({ person, assignment }) =>
      [displayNameOf(person), person.login, assignment.state].join(" "),
    );
    const open = rows.filter(({ assignment }) => assignment.state !== "provisioned").length;
    const groups = Object.values(org.store.state.groups);
    const page = { title: app.label, app, tab: "assignments", list, open, groups };
    res.render("app-assignments", { ...page, progress: org.provisioner.progress(app.id) });
  });
  router.post(
    "/admin/apps/:id/assignments",
    act(own, async (req) => {
      const person = personByLogin(org, field(req, "login"));
      if (!person) throw new OrgRefusal("No person has this username.");
      await waitBriefly(assign(org, appOf(org, idIn(req)), [person.id]));
      return `${displayNameOf(person)} is assigned.`;
    }),
  );
  router.post(
    "/admin/apps/:id/assignments/group",
    act(own, async (req) => {
      const { name, memberIds } = groupOf(org, field(req, "groupId"));
      const active = memberIds.filter((id) => org.store.state.people[id]?.status === "ACTIVE");
      await waitBriefly(assign(org, appOf(org, idIn(req)), active));
      return `Everyone who is in ${name} now is assigned.`;
    }),
  );
  router.post(
    "/admin/apps/:id/assignments/provision",
    act(own, async (req) => {
      await waitBriefly(provisionAll(org, appOf(org, idIn(req))));
      return "Everyone who was not provisioned yet is pushed.";
    }),
  );
  router.post(
    "/admin/apps/:id/assignments/:personId/remove",
    act(own, async (req) => {
      await waitBriefly(unassign(org, appOf(org, idIn(req)), [idIn(req, "personId")]));
      return "The person is unassigned; the application was told to deactivate them.";
    }),
  );
  return router;
}

function addPushGroups(router: Router, org: OrgAdmin): void {
  const own = (req: Request) => `/admin/apps/${idIn(req)}/push-groups`;

  router.get("/admin/apps/:id/push-groups", (req, res) => {
    const app = appOf(org, idIn(req));
    const { groups } = org.store.state;
    const rows = Object.entries(app.pushGroups).map(([id, link]) => ({
      id,
      link,
      name: groups[id]?.name ?? link.pushedName ?? "",
    }));
    const others = Object.values(groups).filter(({ id }) => !app.pushGroups[id]);
    const page = {
      title: app.label,
      app,
      tab: "push-groups",
      list: pageOf(req, rows, ({ name }) => name),
      others,
    };
    res.render("app-push-groups", { ...page, progress: org.provisioner.progress(app.id) });
  });
  router.post(
    "/admin/apps/:id/push-groups",
    act(own, async (req) => {
      const ids = fields(req, "groupId");
      const wanted = ids.includes("*") ? Object.keys(org.store.state.groups) : ids;
      await waitBriefly(pushGroups(org, appOf(org, idIn(req)), wanted));
      return wanted.length === 1 ? "The group is pushed." : `${wanted.length} groups are pushed.`;
    }),
  );
  router.post(
    "/admin/apps/:id/push-groups/:groupId/now",
    act(own, async (req) => {
      await waitBriefly(pushNow(org, appOf(org, idIn(req)), idIn(req, "groupId")));
      return "The whole group was pushed.";
    }),
  );
  router.post(
    "/admin/apps/:id/push-groups/:groupId/unlink",
    act(own, async (req) => {
      const deleteThere = field(req, "deleteThere") === "on";
      await waitBriefly(unlinkGroup(org, appOf(org, idIn(req)), idIn(req, "groupId"), deleteThere));
      return deleteThere
        ? "The group is unlinked, and deleted in the application."
        : "The group is unlinked.";
    }),
  );

  router.get("/admin/apps/:id/progress", (req, res) => {
    res.set("Cache-Control", "no-store").json(org.provisioner.progress(appOf(org, idIn(req)).id));
  });
  router.post(
    "/admin/apps/:id/stop",
    act(
      (req) => `/admin/apps/${idIn(req)}/assignments`,
      (req) => {
        org.provisioner.stop(appOf(org, idIn(req)).id);
        return "The push is stopped. “Provision Users” pushes the rest.";
      },
    ),
  );
}
