import { Router } from "express";
import { clickPath, okta } from "okta-labels/labels";
import { integration } from "../../config/integration.ts";
import {
  changeMachineSettings,
  confirmMachineAccess,
  unconfirmedAccess,
} from "../directory/machine-access.ts";
import { provisioningClient } from "../directory/provisioning-clients.ts";
import { endProvisioningGrant, isActiveGrant } from "../directory/provisioning-grants.ts";
import {
  checkSourceName,
  checkTokenDays,
  createToken,
  isActiveToken,
  revokeToken,
} from "../directory/provisioning-tokens.ts";
import { paths } from "../endpoints.ts";
import type { GrantEnding, ProvisioningGrant } from "../store/tenant/provisioning-grants.ts";
import type { ProvisioningProblem } from "../store/tenant/provisioning-problems.ts";
import type { TenantSettings } from "../store/tenant/settings.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { answerChange, answerProblems, type SubmittedForm, submittedForm } from "../web/answers.ts";
import { requireOwner, signedIn, storeOf } from "../web/guards.ts";
import { adminEntry, makeChange, pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { type FieldCheck, FormReader } from "./form-reader.ts";
import { checkShown, shownValue } from "./shown.ts";

/** The form for a new token, before a person fills it in. */
const emptyForm: SubmittedForm = { values: { source: "", days: "365" }, problems: {}, notes: {} };

/** At most this many problems are shown; the store keeps one of each kind. */
const maxProblems = 20;

/**
 * Provisioning from the customer's Okta: the values to copy, the tokens, the settings and recent problems. Every
 * administrator sees the page; only owners change tokens and settings.
 */
export function provisioningRoutes(deps: AdminDeps): Router {
  const router = Router();
  addPage(router, deps);
  addTokens(router, deps);
  addGrants(router, deps);
  addProblems(router, deps);
  addSettings(router, deps);
  return router;
}

function addPage(router: Router, { database, baseUrl }: AdminDeps): void {
  router.get(paths.admin.provisioning, async (req, res) => {
    const details = await loadDetails(storeOf(req, database));
    const offersOAuth = (await provisioningClient(database)) !== null;
    res.render("admin/provisioning", {
      title: "Provisioning",
      scimUrl: baseUrl + paths.scim,
      form: submittedForm(res, "tokens") ?? emptyForm,
      wanted: submittedForm(res, "settings")?.values ?? settingsValues(details.settings),
      remedyOf,
      offersOAuth,
      endingOf,
      isOwner: signedIn(req).role === "owner",
      hasEntitlements: (integration.scim?.entitlements.length ?? 0) > 0,
      ...details,
    });
  });
}

function addTokens(router: Router, { database }: AdminDeps): void {
  router.post(`${paths.admin.provisioning}/tokens`, requireOwner, async (req, res) => {
    const place = { page: paths.admin.provisioning, at: "tokens" };
    const form = new FormReader(req);
    const [source, days] = [form.text("source"), form.text("days")];
    await form.checked("source", sourceCheck);
    await form.checked("days", daysCheck);
    if (!form.isValid) return await answerProblems({ req, res }, place, form);
    await answerChange({ req, res }, place, async () => {
      const { token } = await storeOf(req, database).transaction(async (store) => {
        const created = await createToken(store, source || undefined, daysIn(days));
        await store.activity.record(adminEntry(req, "token.created", created.id));
        return created;
      });
      return { text: "The token is created. Copy it now: it is shown only once.", secrets: { token } };
    });
  });

  router.post(`${paths.admin.provisioningToken(":token")}/revoke`, requireOwner, async (req, res) => {
    const id = pathParameter(req, "token");
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "token.revoked", id),
        apply: (store) => revokeToken(store, id),
        done: "The token is revoked. Calls with it are refused from now on.",
        page: paths.admin.provisioning,
        at: "tokens",
      },
    );
  });
}

function addGrants(router: Router, { database }: AdminDeps): void {
  router.post(`${paths.admin.provisioningGrant(":grant")}/revoke`, requireOwner, async (req, res) => {
    const id = pathParameter(req, "grant");
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "grant.revoked", id),
        apply: (store) => endProvisioningGrant(store, id),
        done: "The access of Okta is revoked. Its calls are refused from now on.",
        page: paths.admin.provisioning,
        at: "tokens",
      },
    );
  });
}

function addProblems(router: Router, { database }: AdminDeps): void {
  router.post(`${paths.admin.provisioning}/problems/clear`, async (req, res) => {
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "provisioning.problems_cleared", null),
        apply: (store) => store.provisioningProblems.clear(),
        done: "The list is empty. New problems will appear here.",
        page: paths.admin.provisioning,
        at: "provisioning-state",
      },
    );
  });
}

function addSettings(router: Router, { database }: AdminDeps): void {
  const page = paths.admin.provisioning;

  router.post(`${page}/settings`, requireOwner, async (req, res) => {
    const form = new FormReader(req);
    const settings = settingsIn(form);
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "provisioning.settings_changed", null, Object.keys(settings)),
        done: "The settings are saved.",
        page,
        at: "settings",
        entered: form.values,
        async apply(store) {
          checkShown(req, settingsFacts(await store.settings.lock()), page);
          await changeMachineSettings(store, settings);
        },
      },
    );
  });

  router.post(`${page}/confirm`, requireOwner, async (req, res) => {
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "provisioning.access_confirmed", null),
        done: "The access of provisioning is confirmed.",
        page,
        at: "unconfirmed",
        async apply(store) {
          await store.settings.lock();
          checkShown(req, accessFacts(await unconfirmedAccess(store)), page);
          await confirmMachineAccess(store);
        },
      },
    );
  });
}

async function loadDetails(store: TenantStore) {
  const [tokens, grants, sources, settings, people, groups, problems, unconfirmed] = await Promise.all([
    store.tokens.list(),
    store.provisioningGrants.list(),
    store.sources.list(),
    store.settings.read(),
    store.users.provisionedCount(),
    store.groups.count(),
    store.provisioningProblems.list(maxProblems),
    unconfirmedAccess(store),
  ]);
  const now = Date.now();
  const used = [...tokens, ...grants].flatMap(({ lastUsedAt }) => lastUsedAt ?? []);
  return {
    active: tokens.filter((token) => isActiveToken(token, now)),
    former: tokens.filter((token) => !isActiveToken(token, now)),
    activeGrants: grants.filter((grant) => isActiveGrant(grant, now)),
    endedGrants: grants.filter((grant) => !isActiveGrant(grant, now)),
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
  return [
    [
      "When one source writes to what another manages",
      settings?.sourceConflict === "adopt" ? "Take over" : "Refuse",
    ],
    ["Roles that do not exist here", settings?.unknownRoles === "ignore" ? "Ignored" : "Refused"],
    [
      "People without names or e-mail address",
      settings?.incompletePeople === "accept" ? "Accepted" : "Refused",
    ],
    ["Passwords that Okta sends", settings?.passwordSync ? "Accepted" : "Ignored"],
  ];
}

function accessFacts(unconfirmed: readonly string[]): Fact[] {
  return unconfirmed.map((one) => [one, "Open"]);
}

/** Unknown values are the strict choice. */
function settingsIn(form: FormReader) {
  return {
    sourceConflict: form.text("sourceConflict") === "adopt" ? ("adopt" as const) : ("refuse" as const),
    unknownRoles: form.text("unknownRoles") === "ignore" ? ("ignore" as const) : ("refuse" as const),
    incompletePeople: form.isOn("incompletePeople") ? ("accept" as const) : ("refuse" as const),
    passwordSync: form.isOn("passwordSync"),
  };
}

/** The settings as the values of the form's fields. */
function settingsValues(settings: TenantSettings | null): Record<string, string> {
  return {
    sourceConflict: settings?.sourceConflict ?? "refuse",
    unknownRoles: settings?.unknownRoles ?? "refuse",
    incompletePeople: settings?.incompletePeople === "accept" ? "on" : "",
    passwordSync: settings?.passwordSync ? "on" : "",
  };
}

const sourceCheck: FieldCheck = (text) => {
  if (text !== "") checkSourceName(text);
  return { value: text, note: null };
};

const daysCheck: FieldCheck = (text) => {
  checkTokenDays(daysIn(text));
  return { value: text, note: null };
};

/** Null for a token that does not expire; NaN for a text that is not a number. */
function daysIn(text: string): number | null {
  return text === "" ? null : Number(text);
}

/** Why a grant has ended, for an administrator. */
function endingOf({ endCause }: ProvisioningGrant): string {
  return endCause === null ? "not used for 180 days" : endings[endCause];
}

const endings: Record<GrantEnding, string> = {
  revoked: "revoked here",
  "code-reused": "ended, because its code was used twice",
  "token-reused": "ended, because a former refresh token came back: someone may have a copy",
  client: "revoked by Okta",
  "client-revoked": "ended for all organisations",
};

/** Where an administrator of Okta enters the token. */
const tokenField = clickPath(
  okta.tabs.provisioning,
  okta.provisioning.integration,
  okta.provisioning.apiToken,
);

const remedies: Record<string, string> = {
  "token-expired": `Create a token below, and paste it into your app in Okta: ${tokenField}.`,
  "token-revoked": `Okta still calls with a token that was revoked here. Paste a valid one into your app in Okta: ${tokenField}. If Okta authenticates by OAuth 2.0, authenticate there again.`,
  uniqueness:
    "Another account here has this login name or key. Look it up under People. A person with a local account can link it " +
    "themselves, or you can delete it there unless its role is owner. If another source manages the account, a setting below " +
    "lets the new source take over.",
  invalidValue:
    "A value that Okta sends does not fit, or a required one is missing. Compare your attribute mappings in Okta with the " +
    "guide. If your directory has people without a name or an e-mail address, an owner can accept them by a setting below.",
  "roles-ignored":
    "The person was created or changed without it, as the setting below says. Assign roles and entitlements that exist here.",
  noTarget:
    "Okta changes or removes something that this person does not have here. Push the person's profile again, so that both " +
    "sides agree.",
  invalidFilter: `Okta looks for people in a way that is not supported. Set ${okta.customApp.uniqueIdentifier} to userName.`,
  invalidPath: "Okta sends an attribute that does not exist here. Remove its mapping in Okta.",
  mutability: "Okta tries to change an attribute that cannot change. Remove its mapping in Okta.",
  "403":
    "Okta tries to change how an owner signs in, which only owners may do. The message says how: take the role of owner away " +
    "under People while Okta makes its change, or leave this person as they are.",
  "404": "This person or group no longer exists here. Unassign them in Okta, and assign them again.",
  "413": "Okta sends more at once than is accepted. Push smaller groups, or tell us.",
  "429": "Okta calls more often than is allowed. It waits and tries again by itself.",
  "500": "That was our fault. Tell us the request id.",
  "503": "The service was not reachable for a moment. Okta tries again by itself.",
};

/** How an administrator can solve a problem. */
function remedyOf({ kind }: ProvisioningProblem): string {
  return remedies[kind] ?? "Tell us the request id, and we will look at what happened.";
}
