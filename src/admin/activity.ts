import { type Request, Router } from "express";
import { z } from "zod";
import { productActivity } from "../../config/activity.ts";
import { paths } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";
import { type ActivityFilter, type ActivityKind, activityKinds } from "../store/tenant/activity.ts";
import type { TenantSettings } from "../store/tenant/settings.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { submittedForm } from "../web/answers.ts";
import { sendDownload } from "../web/download.ts";
import { storeOf } from "../web/guards.ts";
import { formField, navigationOnly } from "../web/request.ts";
import { type ExportFormat, exportFormats, exportText, readable } from "./activity-entries.ts";
import { adminEntry, makeChange } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { activityFigures } from "./figures.ts";
import { choice, pageSize, readPosition, searchText, withQuery, writePosition } from "./paging.ts";
import { checkShown, shownValue } from "./shown.ts";

/** The areas of the activity: the starter's, and the product's own. */
export const allKinds = [...activityKinds, ...productActivity.map(({ kind }) => kind)] as const;

/** The filters in the page's query. Days are UTC days; the last one is included. */
const querySchema = z.object({
  kind: choice(allKinds),
  who: searchText,
  from: z.iso.date().optional().catch(undefined),
  until: z.iso.date().optional().catch(undefined),
});
type ActivityQuery = z.infer<typeof querySchema>;

const position = z.object({ at: z.number(), id: z.string().max(100) });
const dayMs = 86_400_000;
const retentionDays = { min: 30, max: 3_650 };

export const kindNames: Record<ActivityKind, string> & Record<string, string> = {
  "sign-in": "Sign-ins",
  provisioning: "Provisioning",
  people: "People and groups",
  tokens: "Tokens",
  settings: "Settings",
  "universal-logout": "Universal Logout",
  "shared-signals": "Shared signals",
  agents: "Agents",
  ...Object.fromEntries(productActivity.map(({ kind, label }) => [kind, label])),
};

/** The audit log: the list, its export, and how long entries are kept. */
export function activityRoutes({ database, activityTargets }: AdminDeps): Router {
  const router = Router();

  router.get(paths.admin.activity, async (req, res) => {
    const store = storeOf(req, database);
    const query = querySchema.parse(req.query);
    const filter = await filterOf(store, query);
    const after = readPosition(req.query.after, position);
    const [found, settings, figures] = await Promise.all([
      filter ? store.activity.page(filter, after, pageSize + 1) : [],
      store.settings.read(),
      activityFigures(store),
    ]);
    const entries = await readable(store, found.slice(0, pageSize), activityTargets);
    const last = found.length > pageSize ? entries.at(-1) : undefined;
    const next = last && writePosition({ at: last.at, id: last.id });
    res.render("admin/activity", {
      title: "Activity",
      stylesheets: ["figures.css", "lists.css"],
      entries,
      query,
      kindNames,
      figures,
      settings,
      shown: shownValue(retentionFacts(settings)),
      retentionDays,
      retentionForm: submittedForm(res, "retention"),
      isKnown: filter !== null,
      isFiltered: Object.values(query).some(Boolean),
      exportOf: (format: ExportFormat) => withQuery(paths.admin.activityExport(format), { ...query }),
      firstPage: after ? withQuery(paths.admin.activity, { ...query }) : null,
      nextPage: next ? withQuery(paths.admin.activity, { ...query, after: next }) : null,
    });
  });

  for (const format of ["csv", "jsonl"] as const) {
    // The export leaves an entry, so it needs a person who asked for it.
    router.get(paths.admin.activityExport(format), navigationOnly, async (req, res) => {
      const store = storeOf(req, database);
      const filter = await filterOf(store, querySchema.parse(req.query));
      await store.activity.record(adminEntry(req, "activity.exported", null));
      const text = filter ? exportText(store, filter, format, activityTargets) : [exportFormats[format].head];
      await sendDownload(res, { name: `activity.${format}`, type: exportFormats[format].type }, text);
    });
  }

  router.post(`${paths.admin.activity}/retention`, async (req, res) => {
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "activity.retention_changed", null, ["activityDays"]),
        done: "The setting is saved. Older entries are deleted within minutes.",
        page: paths.admin.activity,
        at: "retention",
        field: "days",
        entered: { days: formField(req, "days") },
        async apply(store) {
          checkShown(req, retentionFacts(await store.settings.lock()), paths.admin.activity);
          await store.settings.change({ activityDays: daysIn(req) });
        },
      },
    );
  });

  return router;
}

function retentionFacts(settings: TenantSettings | null): Fact[] {
  return [["Days for which activity is kept", String(settings?.activityDays)]];
}

/** Null if no user has the login name that was entered. */
async function filterOf(
  store: TenantStore,
  { kind, who, from, until }: ActivityQuery,
): Promise<ActivityFilter | null> {
  const times = {
    from: from === undefined ? undefined : Date.parse(from),
    until: until === undefined ? undefined : Date.parse(until) + dayMs,
  };
  if (who === "") return { kind, ...times };
  // The entries of deleted users can be found by id only.
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
