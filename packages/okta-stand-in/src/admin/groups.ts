import { type Request, Router } from "express";
import { reevaluate } from "../governance.ts";
import { addGroup, changeMembers, deleteGroup, groupOf, renameGroup } from "../groups.ts";
import { OrgRefusal, personByLogin } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { act, field, idIn, pageOf, waitBriefly } from "./console.ts";

/** Directory > Groups. */
export function groupRoutes(org: OrgAdmin): Router {
  const router = Router();
  const own = (req: Request) => `/admin/groups/${idIn(req)}`;

  router.get("/admin/groups", (req, res) => {
    const groups = Object.values(org.store.state.groups);
    res.render("groups", { title: "Groups", list: pageOf(req, groups, ({ name }) => name) });
  });
  router.post(
    "/admin/groups",
    act(
      () => "/admin/groups",
      (req) => {
        const group = addGroup(org, field(req, "name"));
        return { text: `The group ${group.name} is added.`, to: `/admin/groups/${group.id}` };
      },
    ),
  );
  router.get("/admin/groups/:id", (req, res) => {
    const group = groupOf(org, idIn(req));
    const members = group.memberIds.flatMap((id) => org.store.state.people[id] ?? []);
    const apps = Object.values(org.store.state.apps).filter((app) => app.pushGroups[group.id]);
    res.render("group", { title: group.name, group, list: pageOf(req, members, ({ login }) => login), apps });
  });
  router.post(
    "/admin/groups/:id",
    act(own, async (req) => {
      await waitBriefly(renameGroup(org, idIn(req), field(req, "name")));
      return "The group is renamed.";
    }),
  );
  router.post(
    "/admin/groups/:id/members",
    act(own, async (req) => {
      const person = personByLogin(org, field(req, "login"));
      if (!person) throw new OrgRefusal("No person has this username.");
      await waitBriefly(changeMembers(org, idIn(req), { add: [person.id] }));
      await waitBriefly(reevaluate(org, [person.id]));
      return `${person.login} is a member now.`;
    }),
  );
  router.post(
    "/admin/groups/:id/members/:personId/remove",
    act(own, async (req) => {
      await waitBriefly(changeMembers(org, idIn(req), { remove: [idIn(req, "personId")] }));
      await waitBriefly(reevaluate(org, [idIn(req, "personId")]));
      return "The member is removed.";
    }),
  );
  router.post(
    "/admin/groups/:id/delete",
    act(own, (req) => {
      const { name } = groupOf(org, idIn(req));
      deleteGroup(org, idIn(req));
      return { text: `The group ${name} is deleted.`, to: "/admin/groups" };
    }),
  );
  return router;
}
