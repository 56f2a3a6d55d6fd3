import { type Request, Router } from "express";
import { z } from "zod";
import { liftTombstone } from "../directory/administration.ts";
import { findPeople } from "../directory/find-people.ts";
import { paths } from "../endpoints.ts";
import { roles } from "../model.ts";
import type { Database } from "../store/database.ts";
import { type PeopleFilter, type PeopleSort, peopleFields, peopleOrders } from "../store/tenant/people.ts";
import { storeOf } from "../web/guards.ts";
import { bulkActs } from "./bulk.ts";
import { adminEntry, makeChange, pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { choice, pageSize, readPosition, searchText, withQuery, writePosition } from "./paging.ts";
import { personName } from "./person-facts.ts";

/** The filters in the query of a list of people. */
const querySchema = z.object({
  q: searchText,
  status: choice(["active", "inactive", "blocked"]),
  origin: choice(["scim", "just-in-time", "invited", "local"]),
  role: choice(roles),
});

/** The order in the query: "created", or "-created" for the other direction. */
const sortSchema = choice([...peopleOrders, ...peopleOrders.map((by) => `-${by}` as const)]);
type SortWord = NonNullable<z.infer<typeof sortSchema>>;

const position = z.object({
  field: z.enum(peopleFields),
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
      stylesheets: ["lists.css"],
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
  // A search has an order of its own: by the names that it finds.
  const order: SortWord = (q === "" ? sortSchema.parse(req.query.sort) : undefined) ?? "name";
  const store = storeOf(req, database);
  const range = { after, limit: pageSize, sort: sortOf(order) };
  const { people, next } = await findPeople(database, store.tenantId, filter, range);
  const [rolesOf, sources] = await Promise.all([
    store.roles.effectiveOf(people.map(({ id }) => id)),
    store.sources.list(),
  ]);
  const filters = { q, ...chosen };
  const query = { ...filters, sort: order === "name" ? undefined : order };
  return {
    stylesheets: ["lists.css"],
    people,
    bulkActs,
    order,
    sortLinks: q === "" ? sortLinks(path, filters, order) : null,
    rolesOf,
    filter: filters,
    isFiltered: Object.values(filters).some(Boolean),
    personName,
    sourceNames: new Map(sources.map(({ id, name }) => [id, name])),
    firstPage: after ? withQuery(path, query) : null,
    nextPage: next ? withQuery(path, { ...query, after: writePosition(next) }) : null,
  };
}

function sortOf(word: SortWord): PeopleSort {
  const descending = word.startsWith("-");
  const by = descending ? word.slice(1) : word;
  return { by: peopleOrders.find((one) => one === by) ?? "name", descending };
}

/** The links of the columns' headings. A second click turns the order around; times begin with the newest. */
function sortLinks(path: string, filters: Record<string, string | undefined>, order: SortWord) {
  const current = sortOf(order);
  return peopleOrders.map((by) => {
    const isCurrent = current.by === by;
    const descending = isCurrent ? !current.descending : by !== "name";
    const sort = `${descending ? "-" : ""}${by}`;
    const direction = current.descending ? "descending" : "ascending";
    return {
      by,
      href: withQuery(path, { ...filters, sort: sort === "name" ? undefined : sort }),
      direction: isCurrent ? direction : null,
    };
  });
}
