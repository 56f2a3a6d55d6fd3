import { type Request, Router } from "express";
import { z } from "zod";
import { giveGroupRole } from "../directory/administration.ts";
import { paths } from "../endpoints.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { Group } from "../model.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { requireOwner, signedIn, storeOf } from "../web/guards.ts";
import { formField } from "../web/request.ts";
import { adminEntry, makeChange, pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { pageSize, readPosition, searchText, withQuery, writePosition } from "./paging.ts";
import { listPeople } from "./people.ts";
import { checkShown, shownValue } from "./shown.ts";

const position = z.string().max(4_000);
/** At most this many groups with a role are listed above the others. */
const maxMapped = 50;

/** The groups that provisioning creates, and the role that each gives to its members. */
export function groupRoutes({ database }: AdminDeps): Router {
  const router = Router();

  router.get(paths.admin.groups, async (req, res) => {
    const store = storeOf(req, database);
    const q = searchText.parse(req.query.q);
    const after = readPosition(req.query.after, position);
    const [{ groups, next }, mapped, total, sources] = await Promise.all([
      store.groups.find(q, after, pageSize),
      store.groups.withRole("admin", maxMapped),
      store.groups.count(),
      store.sources.list(),
    ]);
    const mappedIds = await store.roles.mappedGroups(groups.map(({ id }) => id));
    res.render("admin/groups", {
      title: "Groups",
      stylesheets: ["lists.css"],
      groups,
      mapped,
      mappedIds,
      total,
      q,
      sourceNames: new Map(sources.map(({ id, name }) => [id, name])),
      firstPage: after === null ? null : withQuery(paths.admin.groups, { q }),
      nextPage: next === null ? null : withQuery(paths.admin.groups, { q, after: writePosition(next) }),
    });
  });

  router.get(paths.admin.group(":group"), async (req, res) => {
    const store = storeOf(req, database);
    const group = await groupOf(store, req);
    const [list, mapped, sources] = await Promise.all([
      listPeople(req, database, paths.admin.group(group.id), group.id),
      store.roles.mappedGroups([group.id]),
      store.sources.list(),
    ]);
    res.render("admin/group", {
      title: group.displayName,
      group,
      sourceName: sources.find(({ id }) => id === group.sourceId)?.name ?? null,
      givesAdmin: mapped.has(group.id),
      isOwner: signedIn(req).role === "owner",
      shown: shownValue(await groupFacts(store, group)),
      ...list,
    });
  });

  router.post(`${paths.admin.group(":group")}/role`, requireOwner, async (req, res) => {
    const group = await groupOf(storeOf(req, database), req);
    const role = roleIn(req);
    const page = paths.admin.group(group.id);
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "group.role_changed", group.id, ["role"]),
        done:
          role === "admin"
            ? `Members of ${group.displayName} are administrators from now on.`
            : `${group.displayName} no longer gives a role.`,
        page,
        at: "group-role",
        async apply(store) {
          const now = await store.groups.lock(group.id);
          if (now) checkShown(req, await groupFacts(store, now), page);
          await giveGroupRole(store, group.id, role);
        },
      },
    );
  });

  return router;
}

/** Everything that an administrator should see before changing the role, except the members: Okta may change them any time. */
async function groupFacts(store: TenantStore, group: Group): Promise<Fact[]> {
  const mapped = await store.roles.mappedGroups([group.id]);
  const sources = await store.sources.list();
  return [
    ["Name", group.displayName],
    ["Source", sources.find(({ id }) => id === group.sourceId)?.name ?? "This application"],
    ["External ID", group.sourceKey ?? "None"],
    ["Role of its members", mapped.has(group.id) ? "admin" : "member"],
  ];
}

/** The group that the path names. Throws NotFoundError. */
async function groupOf(store: TenantStore, req: Request): Promise<Group> {
  const group = await store.groups.byId(pathParameter(req, "group"));
  if (!group) throw new NotFoundError("There is no such group.");
  return group;
}

function roleIn(req: Request): "admin" | "member" {
  const role = formField(req, "role");
  if (role !== "admin" && role !== "member") throw new InvalidError("Choose one of the roles.");
  return role;
}
