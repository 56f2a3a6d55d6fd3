import { Router } from "express";
import { z } from "zod";
import { liftTombstone } from "../directory/administration.ts";
import { paths } from "../endpoints.ts";
import { adminEntry, makeChange, parameter, storeOf } from "./acting.ts";
import { pageSize, readPosition, searchText, withQuery, writePosition } from "./paging.ts";
import type { AdminDeps } from "./routes.ts";

const position = z.object({ key: z.string().max(4_000), id: z.string().max(100) });

/** Who was deleted and is kept from coming just in time again; here that is lifted. */
export function deletedPeopleRoutes({ database }: AdminDeps): Router {
  const router = Router();

  router.get(paths.admin.deletedPeople, async (req, res) => {
    const q = searchText.parse(req.query.q);
    const after = readPosition(req.query.after, position);
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
    const id = parameter(req, "tombstone");
    const change = {
      entry: adminEntry(req, "tombstone.lifted", id),
      done: "They can come again by signing in, where a connection creates people just in time.",
      page: paths.admin.deletedPeople,
    };
    await makeChange(req, res, database, change, (store) => liftTombstone(store, id));
  });

  return router;
}
