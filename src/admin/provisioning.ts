import { type Request, type Response, Router } from "express";
import {
  changeMachineSettings,
  confirmMachineAccess,
  unconfirmedAccess,
} from "../directory/machine-access.ts";
import { createToken, isActiveToken, revokeToken } from "../directory/provisioning-tokens.ts";
import { paths } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";
import type { TenantSettings } from "../store/tenant/settings.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { formField } from "../web/forms.ts";
import { requireOwner, signedIn } from "../web/guards.ts";
import { adminEntry, makeChange, parameter, storeOf } from "./acting.ts";
import { remedyOf } from "./provisioning-remedies.ts";
import type { AdminDeps } from "./routes.ts";
import { checkShown, shownValue } from "./shown.ts";

/** What stays in the form when something in it was wrong. */
interface TokenForm {
  source: string;
  days: string;
  problem: string | null;
}

const emptyForm: TokenForm = { source: "", days: "365", problem: null };

/** So many problems are shown; there is one of each kind. */
const mostProblems = 20;

/**
 * How a customer's Okta provisions people: what to copy there, the tokens that it calls with, what it may do, and how
 * that went lately. Every administrator sees it; tokens and settings are an owner's to change.
 */
export function provisioningRoutes({ database, baseUrl }: AdminDeps): Router {
  const router = Router();

  /** @param shown a token that was just created: in this answer alone, and nowhere else. */
  async function show(req: Request, res: Response, form: TokenForm, shown: string | null): Promise<void> {
    const facts = await factsOf(storeOf(req, database));
    res.render("admin/provisioning", {
      title: "Provisioning",
      scimUrl: baseUrl + paths.scim,
      form,
      shown,
      remedyOf,
      isOwner: signedIn(req).role === "owner",
      ...facts,
    });
  }

  router.get(paths.admin.provisioning, (req, res) => show(req, res, emptyForm, null));

  router.post(`${paths.admin.provisioning}/tokens`, requireOwner, async (req, res) => {
    const form = { source: formField(req, "source").trim(), days: formField(req, "days").trim() };
    try {
      const { token } = await storeOf(req, database).transaction(async (inside) => {
        const created = await createToken(inside, form.source || undefined, daysIn(form.days));
        await inside.activity.record(adminEntry(req, "token.created", created.id));
        return created;
      });
      await show(req, res.status(201), emptyForm, token);
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      await show(req, res.status(400), { ...form, problem: error.message }, null);
    }
  });

  router.post(`${paths.admin.provisioningToken(":token")}/revoke`, requireOwner, async (req, res) => {
    const id = parameter(req, "token");
    const change = {
      entry: adminEntry(req, "token.revoked", id),
      done: "The token is revoked: whoever calls with it is refused from now on.",
      page: paths.admin.provisioning,
    };
    await makeChange(req, res, database, change, (store) => revokeToken(store, id));
  });

  router.post(`${paths.admin.provisioning}/settings`, requireOwner, async (req, res) => {
    const settings = {
      sourceConflict: formField(req, "sourceConflict") === "adopt" ? ("adopt" as const) : ("refuse" as const),
      passwordSync: formField(req, "passwordSync") === "on",
    };
    const change = {
      entry: adminEntry(req, "provisioning.settings_changed", null, Object.keys(settings)),
      done: "The settings are saved.",
      page: paths.admin.provisioning,
    };
    await makeChange(req, res, database, change, async (store) => {
      checkShown(req, settingsFacts(await store.settings.lock()), change.page);
      await changeMachineSettings(store, settings);
    });
  });

  router.post(`${paths.admin.provisioning}/confirm`, requireOwner, async (req, res) => {
    const change = {
      entry: adminEntry(req, "provisioning.access_confirmed", null),
      done: "What provisioning may do here is confirmed.",
      page: paths.admin.provisioning,
    };
    await makeChange(req, res, database, change, async (store) => {
      await store.settings.lock();
      checkShown(req, accessFacts(await unconfirmedAccess(store)), change.page);
      await confirmMachineAccess(store);
    });
  });

  router.post(`${paths.admin.provisioning}/problems/clear`, async (req, res) => {
    const change = {
      entry: adminEntry(req, "provisioning.problems_cleared", null),
      done: "The list is empty. What goes wrong again appears again.",
      page: paths.admin.provisioning,
    };
    await makeChange(req, res, database, change, (store) => store.provisioningProblems.clear());
  });

  return router;
}

async function factsOf(store: TenantStore) {
  const [tokens, sources, settings, people, groups, problems, unconfirmed] = await Promise.all([
    store.tokens.list(),
    store.sources.list(),
    store.settings.read(),
    store.users.provisionedCount(),
    store.groups.count(),
    store.provisioningProblems.list(mostProblems),
    unconfirmedAccess(store),
  ]);
  const now = Date.now();
  const [living, dead] = [
    tokens.filter((token) => isActiveToken(token, now)),
    tokens.filter((token) => !isActiveToken(token, now)),
  ];
  const used = tokens.flatMap(({ lastUsedAt }) => lastUsedAt ?? []);
  return {
    living,
    dead,
    sources,
    settings,
    people,
    groups,
    problems,
    unconfirmed,
    now,
    shownSettings: shownValue(settingsFacts(settings)),
    shownAccess: shownValue(accessFacts(unconfirmed)),
    lastCallAt: used.length > 0 ? Math.max(...used) : null,
    sourceNames: new Map(sources.map(({ id, name }) => [id, name])),
  };
}

function settingsFacts(settings: TenantSettings | null): Fact[] {
  const { sourceConflict, passwordSync } = settings ?? { sourceConflict: "refuse", passwordSync: false };
  return [
    ["When one source writes to what another manages", sourceConflict === "adopt" ? "Take over" : "Refuse"],
    ["Passwords that Okta sends", passwordSync ? "Accepted" : "Ignored"],
  ];
}

function accessFacts(unconfirmed: readonly string[]): Fact[] {
  return unconfirmed.map((one) => [one, "Open"]);
}

/** Null when the token is not to expire. What is no number is refused by createToken. */
function daysIn(text: string): number | null {
  return text === "" ? null : Number(text);
}
