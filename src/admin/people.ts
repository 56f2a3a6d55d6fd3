import { type Request, Router } from "express";
import { z } from "zod";
import { liftTombstone } from "../directory/administration.ts";
import { findPeople } from "../directory/find-people.ts";
import { paths } from "../endpoints.ts";
import { roles } from "../model.ts";
import type { Database } from "../store/database.ts";
import type { PeopleFilter } from "../store/tenant/people.ts";
import { adminEntry, makeChange, pathParameter, storeOf } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { choice, pageSize, readPosition, searchText, withQuery, writePosition } from "./paging.ts";
import { personName } from "./person-facts.ts";

/** The filters in the query of a list of people. */
const querySchema = z.object({
  q: searchText,
  status: choice(["active", "inactive", "blocked"]),
  origin: choice(["scim", "just-in-time", "local"]),
  role: choice(roles),
});

const position = z.object({
  field: z.enum(["login_name", "email", "family_name", "given_name"]),
  key: z.string().max(4_000),
});
const tombstonePosition = z.object({ key: z.string().max(4_000), id: z.string().max(100) });

/** The tenant's people, and those who were deleted for good. */
export function peopleRoutes({ database }: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.people, async (req, res) => {
    const list = await listPeople(req, database, paths.admin.people);
    const total = await storeOf(req, database).users.count();
    res.render("admin/people", { title: "People", ...list, total });
  });

  router.get(paths.admin.deletedPeople, async (req, res) => {
    const q = searchText.parse(req.query.q);
    const after = readPosition(req.query.after, tombstonePosition);
    const { tombstones, next } = await storeOf(req, database).tombstones.page(q, after, pageSize);
    const path = paths.admin.deletedPeople;
    res.render("admin/deleted-people", {
      title: "Deleted people",
      tombstones,
      q,
      firstPage: after ? withQuery(path, { q }) : null,
      nextPage: next ? withQuery(path, { q, after: writePosition(next) }) : null,
    });
  });

  router.post(`${paths.admin.deletedPerson(":tombstone")}/lift`, async (req, res) => {
    const id = pathParameter(req, "tombstone");
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "tombstone.lifted", id),
        apply: (store) => liftTombstone(store, id),
        done: "They can sign in again with a connection that creates accounts at the first sign-in.",
        page: paths.admin.deletedPeople,
        at: "kept-out",
      },
    );
  });

  return router;
}

/**
 * The template values of a list of people: for the people page and for the page of a group.
 * @param path of the page, for links to further pages.
 * @param group id of the group whose members are listed.
 */
export async function listPeople(req: Request, database: Database, path: string, group?: string) {
  const { q, ...chosen } = querySchema.parse(req.query);
  const filter: PeopleFilter = { prefix: q, ...chosen, group };
  const after = readPosition(req.query.after, position);
  const store = storeOf(req, database);
  const { people, next } = await findPeople(database, store.tenantId, filter, { after, limit: pageSize });
  const [rolesOf, sources] = await Promise.all([
    store.roles.effectiveOf(people.map(({ id }) => id)),
    store.sources.list(),
  ]);
  const query = { q, ...chosen };
  return {
    people,
    rolesOf,
    filter: query,
    isFiltered: Object.values(query).some(Boolean),
    personName,
    sourceNames: new Map(sources.map(({ id, name }) => [id, name])),
    firstPage: after ? withQuery(path, query) : null,
    nextPage: next ? withQuery(path, { ...query, after: writePosition(next) }) : null,
  };
}
