import { type Request, Router } from "express";
import { okta } from "okta-labels/labels";
import { pushGroups, pushNow, unlinkGroup } from "../groups.ts";
import { appOf, OrgRefusal } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { equals, resourcesOf } from "../provisioning.ts";
import type { OrgApp } from "../state.ts";
import { act, appPage, backTo, field, fields, idIn, pageOf, waitBriefly } from "./console.ts";

/** The tab Push Groups of an app. */
export function pushGroupRoutes(org: OrgAdmin): Router {
  const router = Router();
  const own = backTo(org, "/push-groups");

  router.get("/admin/apps/:id/push-groups", (req, res) => {
    const page = appPage(org, req, "push-groups");
    const { groups } = org.store.state;
    const rows = Object.entries(page.app.pushGroups).map(([id, link]) => ({
      id,
      link,
      name: groups[id]?.name ?? link.pushedName ?? "",
    }));
    const list = pageOf(req, rows, ({ name }) => name);
    res.render("app-push-groups", { ...page, list, progress: org.provisioner.progress(page.app.id) });
  });
  for (const way of ["by-name", "by-rule"]) {
    router.get(`/admin/apps/:id/push-groups/${way}`, (req, res) => {
      const page = appPage(org, req, "push-groups");
      res.render("push-groups", { ...page, way, others: othersOf(org, page.app) });
    });
  }
  router.post(
    "/admin/apps/:id/push-groups",
    act(backTo(org, "/push-groups/by-name"), async (req) => {
      const app = appOf(org, idIn(req));
      const ids = fields(req, "groupId");
      const wanted = ids.includes("*") ? othersOf(org, app).map(({ id }) => id) : ids;
      if (wanted.length === 0) throw new OrgRefusal("Choose a group.");
      if (field(req, "action") === "link") await refuseUnknown(org, app, wanted);
      await waitBriefly(pushGroups(org, app, wanted));
      return { text: pushedText(wanted.length), to: own(req) };
    }),
  );
  router.post(
    "/admin/apps/:id/push-groups/by-rule",
    act(backTo(org, "/push-groups/by-rule"), async (req) => {
      const app = appOf(org, idIn(req));
      const matches = ruleOf(req);
      const wanted = othersOf(org, app).filter(({ name }) => matches(name.toLowerCase()));
      if (wanted.length === 0) throw new OrgRefusal("No group matches the rule.");
      await waitBriefly(
        pushGroups(
          org,
          app,
          wanted.map(({ id }) => id),
        ),
      );
      return { text: pushedText(wanted.length), to: own(req) };
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
  return router;
}

/** The groups that are not pushed yet. */
function othersOf({ store }: OrgAdmin, { pushGroups: pushed }: OrgApp) {
  return Object.values(store.state.groups).filter(({ id }) => !pushed[id]);
}

/** "Link Group" needs a group of this name in the application. Throws OrgRefusal and ScimFailure. */
async function refuseUnknown(org: OrgAdmin, app: OrgApp, ids: readonly string[]): Promise<void> {
  const send = org.provisioner.sender(app, okta.pushGroups.link);
  for (const id of ids) {
    const name = org.store.state.groups[id]?.name ?? "";
    const { body } = await send(
      "GET",
      `/Groups?filter=${equals("displayName", name)}&startIndex=1&count=100`,
    );
    if (resourcesOf(body).length === 0)
      throw new OrgRefusal(
        `The application has no group ${name}. Choose “${okta.pushGroups.create}” instead.`,
      );
  }
}

/** "Group name starts with", "ends with" or "contains". Throws OrgRefusal. */
function ruleOf(req: Request): (name: string) => boolean {
  const text = field(req, "text").trim().toLowerCase();
  if (text === "") throw new OrgRefusal("Enter a part of the group name.");
  const condition = field(req, "condition");
  if (condition === "ends") return (name) => name.endsWith(text);
  return condition === "contains" ? (name) => name.includes(text) : (name) => name.startsWith(text);
}

function pushedText(count: number): string {
  return count === 1 ? "The group is pushed." : `${count} groups are pushed.`;
}
