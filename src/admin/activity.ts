import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Request, Router } from "express";
import { z } from "zod";
import { paths } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";
import { type ActivityFilter, type ActivityKind, activityKinds } from "../store/tenant/activity.ts";
import type { TenantSettings } from "../store/tenant/settings.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { formField } from "../web/forms.ts";
import { adminEntry, makeChange, storeOf } from "./acting.ts";
import { type ExportFormat, exported, exports } from "./activity-export.ts";
import { readable } from "./activity-words.ts";
import { choice, pageSize, readPosition, searchText, withQuery, writePosition } from "./paging.ts";
import type { AdminDeps } from "./routes.ts";
import { checkShown, shownValue } from "./shown.ts";

/** What activity can be narrowed to by its address. Days are those of UTC, the last one included. */
const queryOf = z.object({
  kind: choice(activityKinds),
  who: searchText,
  from: z.iso.date().optional().catch(undefined),
  until: z.iso.date().optional().catch(undefined),
});
type Query = z.infer<typeof queryOf>;

const position = z.object({ at: z.number(), id: z.string().max(100) });
const dayMs = 86_400_000;
const retentionDays = { min: 30, max: 3_650 };

const kindNames: Record<ActivityKind, string> = {
  "sign-in": "Sign-ins",
  provisioning: "Provisioning",
  people: "People and groups",
  tokens: "Tokens",
  settings: "Settings",
  "universal-logout": "Universal Logout",
};

/** Who did what when. */
export function activityRoutes({ database }: AdminDeps): Router {
  const router = Router();

  router.get(paths.admin.activity, async (req, res) => {
    const store = storeOf(req, database);
    const query = queryOf.parse(req.query);
    const filter = await filterOf(store, query);
    const after = readPosition(req.query.after, position);
    const [found, settings] = await Promise.all([
      filter ? store.activity.page(filter, after, pageSize + 1) : [],
      store.settings.read(),
    ]);
    const entries = await readable(store, found.slice(0, pageSize));
    const last = found.length > pageSize ? entries.at(-1) : undefined;
    const next = last && writePosition({ at: last.at, id: last.id });
    res.render("admin/activity", {
      title: "Activity",
      entries,
      query,
      kindNames,
      settings,
      shown: shownValue(retentionFacts(settings)),
      retentionDays,
      isKnown: filter !== null,
      isFiltered: Object.values(query).some(Boolean),
      exportOf: (format: ExportFormat) => withQuery(paths.admin.activityExport(format), { ...query }),
      firstPage: after ? withQuery(paths.admin.activity, { ...query }) : null,
      nextPage: next ? withQuery(paths.admin.activity, { ...query, after: next }) : null,
    });
  });

  for (const format of ["csv", "jsonl"] as const) {
    router.get(paths.admin.activityExport(format), async (req, res) => {
      const store = storeOf(req, database);
      const filter = await filterOf(store, queryOf.parse(req.query));
      await store.activity.record(adminEntry(req, "activity.exported", null));
      res.attachment(`activity.${format}`).set("Content-Type", exports[format].type);
      const text = filter ? exported(store, filter, format) : [exports[format].head];
      try {
        await pipeline(Readable.from(text), res);
      } catch (error) {
        // Whoever asked has gone away: there is nobody to tell.
        if (!(error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE"))
          throw error;
      }
    });
  }

  router.post(`${paths.admin.activity}/retention`, async (req, res) => {
    const change = {
      entry: adminEntry(req, "activity.retention_changed", null, ["activityDays"]),
      done: "The setting is saved. What is older is removed within minutes.",
      page: paths.admin.activity,
    };
    await makeChange(req, res, database, change, async (store) => {
      checkShown(req, retentionFacts(await store.settings.lock()), change.page);
      await store.settings.change({ activityDays: daysIn(req) });
    });
  });

  return router;
}

function retentionFacts(settings: TenantSettings | null): Fact[] {
  return [["Days for which activity is kept", String(settings?.activityDays)]];
}

/** Null when the person who is asked for is not known. */
async function filterOf(
  store: TenantStore,
  { kind, who, from, until }: Query,
): Promise<ActivityFilter | null> {
  const times = {
    from: from === undefined ? undefined : Date.parse(from),
    until: until === undefined ? undefined : Date.parse(until) + dayMs,
  };
  if (who === "") return { kind, ...times };
  // People who are gone are known by their id alone.
  const person = z.uuid().safeParse(who).success ? who : (await store.users.byLoginName(who))?.id;
  return person === undefined ? null : { kind, person, ...times };
}

function daysIn(req: Request): number {
  const days = Number(formField(req, "days"));
  const { min, max } = retentionDays;
  if (!(Number.isInteger(days) && days >= min && days <= max)) {
    throw new InvalidError(`Activity is kept for ${min} to ${max} days.`);
  }
  return days;
}
