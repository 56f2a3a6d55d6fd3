import { type Request, Router } from "express";
import { okta } from "okta-labels/labels";
import { groupOf } from "../groups.ts";
import { appOf, displayNameOf, personOf } from "../org.ts";
import { assign, provisionAll, unassign } from "../people.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { act, appPage, backTo, idIn, pageOf, waitBriefly } from "./console.ts";

/** The tab Assignments of an app, and the progress of its push. */
export function assignmentRoutes(org: OrgAdmin): Router {
  const router = Router();
  const own = backTo(org, "/assignments");

  router.get("/admin/apps/:id/assignments", (req, res) => {
    const page = appPage(org, req, "assignments");
    const rows = Object.entries(page.app.assignments).flatMap(([id, assignment]) => {
      const person = org.store.state.people[id];
      return person ? [{ person, assignment }] : [];
    });
    const list = pageOf(req, rows, ({ person, assignment }) =>
      [displayNameOf(person), person.login, assignment.state].join(" "),
    );
    const open = rows.filter(({ assignment }) => assignment.state !== "provisioned").length;
    const progress = org.provisioner.progress(page.app.id);
    res.render("app-assignments", { ...page, list, open, progress });
  });
  router.post(
    "/admin/apps/:id/assignments/provision",
    act(own, async (req) => {
      await waitBriefly(provisionAll(org, appOf(org, idIn(req))));
      return "Everyone who was not provisioned yet is pushed.";
    }),
  );
  addAssigning(router, org);
  router.post(
    "/admin/apps/:id/assignments/:personId/remove",
    act(own, async (req) => {
      await waitBriefly(unassign(org, appOf(org, idIn(req)), [idIn(req, "personId")]));
      return "The person is unassigned; the application was told to deactivate them.";
    }),
  );

  router.get("/admin/apps/:id/progress", (req, res) => {
    res.set("Cache-Control", "no-store").json(org.provisioner.progress(appOf(org, idIn(req)).id));
  });
  router.post(
    "/admin/apps/:id/stop",
    act(own, (req) => {
      org.provisioner.stop(appOf(org, idIn(req)).id);
      return `The push is stopped. “${okta.provisioning.provisionUser}” pushes the rest.`;
    }),
  );
  return router;
}

/** "Assign > Assign to People" and "Assign to Groups". */
function addAssigning(router: Router, org: OrgAdmin): void {
  const isAssigned = (req: Request, id: string) => {
    const assignment = appOf(org, idIn(req)).assignments[id];
    return assignment !== undefined && assignment.state !== "removing";
  };

  router.get("/admin/apps/:id/assign-to-people", (req, res) => {
    const page = appPage(org, req, "assignments");
    const people = Object.values(org.store.state.people).filter(({ status }) => status === "ACTIVE");
    const rows = people.map((person) => ({
      id: person.id,
      name: displayNameOf(person),
      detail: person.login,
      isAssigned: isAssigned(req, person.id),
    }));
    const list = pageOf(req, rows, ({ name, detail }) => `${name} ${detail}`);
    res.render("assign", { ...page, list, kind: "people" });
  });
  router.get("/admin/apps/:id/assign-to-people/:personId", (req, res) => {
    const page = appPage(org, req, "assignments");
    const person = personOf(org, idIn(req, "personId"));
    res.render("assign-one", {
      ...page,
      kind: "people",
      one: { id: person.id, name: displayNameOf(person), person },
    });
  });
  router.post(
    "/admin/apps/:id/assign-to-people/:personId",
    act(backTo(org, "/assign-to-people"), async (req) => {
      const person = personOf(org, idIn(req, "personId"));
      await waitBriefly(assign(org, appOf(org, idIn(req)), [person.id]));
      return `${displayNameOf(person)} is assigned.`;
    }),
  );

  router.get("/admin/apps/:id/assign-to-groups", (req, res) => {
    const page = appPage(org, req, "assignments");
    const rows = Object.values(org.store.state.groups).map(({ id, name, memberIds }) => ({
      id,
      name,
      detail: memberIds.length === 1 ? "1 person" : `${memberIds.length} people`,
      isAssigned: memberIds.length > 0 && memberIds.every((member) => isAssigned(req, member)),
    }));
    const list = pageOf(req, rows, ({ name }) => name);
    res.render("assign", { ...page, list, kind: "groups" });
  });
  router.get("/admin/apps/:id/assign-to-groups/:groupId", (req, res) => {
    const page = appPage(org, req, "assignments");
    const { id, name } = groupOf(org, idIn(req, "groupId"));
    res.render("assign-one", { ...page, kind: "groups", one: { id, name, person: null } });
  });
  router.post(
    "/admin/apps/:id/assign-to-groups/:groupId",
    act(backTo(org, "/assign-to-groups"), async (req) => {
      const { name, memberIds } = groupOf(org, idIn(req, "groupId"));
      const active = memberIds.filter((id) => org.store.state.people[id]?.status === "ACTIVE");
      await waitBriefly(assign(org, appOf(org, idIn(req)), active));
      return `Everyone who is in ${name} now is assigned.`;
    }),
  );
}
