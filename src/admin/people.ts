import { type Request, Router } from "express";
import { z } from "zod";
import { findPeople } from "../directory/find-people.ts";
import { paths } from "../endpoints.ts";
import { roles } from "../model.ts";
import type { Database } from "../store/database.ts";
import type { PeopleFilter } from "../store/tenant/people.ts";
import { storeOf } from "./acting.ts";
import { choice, pageSize, readPosition, searchText, withQuery, writePosition } from "./paging.ts";
import { personName } from "./person-names.ts";
import type { AdminDeps } from "./routes.ts";

/** What a list of people can be narrowed to by its address. */
const filterOf = z.object({
  q: searchText,
  status: choice(["active", "inactive", "blocked"]),
  origin: choice(["scim", "just-in-time", "local"]),
  role: choice(roles),
});

const position = z.object({
  field: z.enum(["login_name", "email", "family_name", "given_name"]),
  key: z.string().max(4_000),
});

/** The people of the tenant: everybody, or who is looked for. */
export function peopleRoutes({ database }: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.people, async (req, res) => {
    const list = await listPeople(req, database, paths.admin.people);
    const total = await storeOf(req, database).users.count();
    res.render("admin/people", { title: "People", ...list, total });
  });
  return router;
}

/**
 * What a page with a list of people shows, for the people page and a group's.
 * @param group id of the group whose members are listed.
 */
export async function listPeople(req: Request, database: Database, path: string, group?: string) {
  const { q, ...chosen } = filterOf.parse(req.query);
  const filter: PeopleFilter = { prefix: q, ...chosen, group };
  const after = readPosition(req.query.after, position);
  const store = storeOf(req, database);
  const { people, next } = await findPeople(database, store.tenantId, filter, { after, limit: pageSize });
  const [rolesOf, sources] = await Promise.all([
    store.roles.effectiveOf(people.map(({ id }) => id)),
    store.sources.list(),
  ]);
  const here = { q, ...chosen };
  return {
    people,
    rolesOf,
    filter: here,
    isFiltered: Object.values(here).some(Boolean),
    personName,
    sourceNames: new Map(sources.map(({ id, name }) => [id, name])),
    firstPage: after ? withQuery(path, here) : null,
    nextPage: next ? withQuery(path, { ...here, after: writePosition(next) }) : null,
  };
}
