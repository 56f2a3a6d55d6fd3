import { type Request, type Response, Router } from "express";
import { okta } from "okta-labels/labels";
import { assertionPolicy } from "../cross-app-access/policy.ts";
import { type AccessPreview, previewAccess } from "../cross-app-access/preview.ts";
import { paths } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { signedIn, storeOf } from "../web/guards.ts";
import { countUse, formField } from "../web/request.ts";
import { type ReadableActivity, readable } from "./activity-entries.ts";
import type { AdminDeps } from "./deps.ts";
import { FormReader } from "./form-reader.ts";

/** How many of the latest entries are searched for refused calls, and how many of these the page shows. */
const [maxSearched, maxRefused] = [100, 5];

/** The page on which an administrator sees what the token endpoint would decide about an ID-JAG, and why. */
export function previewRoutes(deps: AdminDeps): Router {
  const router = Router();
  const { database } = deps;
  // A preview may fetch the org's keys.
  const limit = rateLimiter(database, { name: "agent-preview", points: 60, seconds: 600 });

  async function show(req: Request, res: Response, form: FormReader, preview: AccessPreview | null) {
    const store = storeOf(req, database);
    res.set("Cache-Control", "no-store").render("admin/agent-preview", {
      title: "What would happen",
      form,
      result: preview && (await describe(store, preview)),
      refused: await refusedCalls(store),
    });
  }

  router.get(paths.admin.agentPreview, (req, res) => show(req, res, new FormReader(req), null));

  router.post(paths.admin.agentPreview, async (req, res) => {
    const { tenant, user } = signedIn(req);
    await countUse(limit, `${tenant.id}/${user.id}`);
    const form = new FormReader(req);
    try {
      // Not by the form, which would show it again.
      const assertion = formField(req, "assertion").trim();
      await show(req, res, form, await previewAccess(deps, tenant.id, assertion));
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      form.addProblem("assertion", error);
      await show(req, res.status(400), form, null);
    }
  });
  return router;
}

/** The result of a preview, as the page shows it. */
async function describe(store: TenantStore, { claims, outcomes, access }: AccessPreview) {
  const shown = outcomes.map((one) => ({ ...one, found: inWords(one.found) }));
  return {
    outcomes: shown,
    failed: shown.find(({ outcome }) => outcome === "failed") ?? null,
    access,
    // A person who would be created just in time does not exist.
    person: access && (await store.users.byId(access.userId)),
    expiresAt: timeOf(claims.exp),
    claims: [
      ["Issuer (iss)", claims.iss],
      ["Person (sub)", claims.sub],
      ["Audience (aud)", [claims.aud ?? []].flat().join(" ")],
      ["Tenant (aud_tenant)", claims.aud_tenant],
      [`${okta.signOn.clientId} (client_id)`, claims.client_id],
      ["Resource (resource)", [claims.resource ?? []].flat().join(" ")],
      ["Scopes (scope)", claims.scope],
      ["Agent at Okta (act)", claims.act?.sub],
    ] satisfies [string, string | undefined][],
  };
}

/** Null for a number that is not a time. */
function timeOf(seconds = Number.NaN): number | null {
  return Number.isNaN(new Date(seconds * 1000).getTime()) ? null : seconds * 1000;
}

/** The reasons for which the directory refuses the person of an assertion, by their codes. */
const personReasons: Record<string, string> = {
  "account-conflict": "another account has this login name",
  "connection-not-active": "the connection is off",
  "just-in-time-off": "there is no such account, and the connection creates none at the first sign-in",
  "owner-not-approved": "the person is an owner, and no owner approved their sign-in with this connection",
  "profile-incomplete": "there is no such account, and the assertion has no e-mail address to create one",
  "user-blocked": "an administrator blocked the person",
  "user-deleted": "the person was deleted, and is kept out",
  "user-inactive": "the person is deactivated",
};

function inWords(found: string | null): string | null {
  return found === null ? null : (personReasons[found] ?? found);
}

interface RefusedCall extends ReadableActivity {
  /** The rule that refused it, in words. */
  rule: string;
}

/** The latest refused calls of agents. The activity has the id of the rule, or the directory's reason. */
async function refusedCalls(store: TenantStore): Promise<RefusedCall[]> {
  const latest = await store.activity.page({ kind: "agents" }, null, maxSearched);
  const refused = latest.filter(({ reason }) => reason !== null).slice(0, maxRefused);
  const ruleOf = (reason: string) => assertionPolicy.find(({ id }) => id === reason)?.name;
  return (await readable(store, refused, [])).map((entry) => {
    const reason = entry.reason ?? "";
    return { ...entry, rule: ruleOf(reason) ?? personReasons[reason] ?? reason };
  });
}
