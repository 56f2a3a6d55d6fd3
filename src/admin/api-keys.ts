import { type Request, Router } from "express";
import { brand } from "../../config/brand.ts";
import { apiScopes } from "../../config/integration.ts";
import { checkKeyDays, checkKeyName, createApiKey, revokeApiKey } from "../directory/api-keys.ts";
import { paths } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";
import type { Role } from "../model.ts";
import type { ApiKey } from "../store/tenant/api-keys.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { apiKeyRules } from "../web/access-token-policy.ts";
import { scopesOf } from "../web/access-tokens.ts";
import { answerChange, answerProblems, type SubmittedForm, submittedForm } from "../web/answers.ts";
import { signedIn, storeOf } from "../web/guards.ts";
import { formFields } from "../web/request.ts";
import { adminEntry, makeChange, pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { type FieldCheck, FormReader } from "./form-reader.ts";

/** The form that creates a key, and the list that revokes one. */
const [formId, listId] = ["create", "keys"];

/** The choices of an end, in days; empty for a key that does not expire. */
const lives: readonly [days: string, text: string][] = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["180", "180 days"],
  ["365", "One year"],
  ["", "Does not expire"],
];

const emptyForm: SubmittedForm = { values: { name: "", days: "90" }, problems: {}, notes: {} };

/** The API keys of the tenant. An administrator creates keys that act for themselves, and revokes any. */
export function apiKeyRoutes({ database, mails }: AdminDeps): Router {
  const router = Router();

  router.get(paths.admin.apiKeys, async (req, res) => {
    const keys = await describeKeys(storeOf(req, database));
    const form = submittedForm(res, formId) ?? emptyForm;
    const offered = scopesOf(signedIn(req).role);
    res.render("admin/api-keys", {
      title: "API keys",
      active: keys.filter(({ end }) => end === null),
      former: keys.filter(({ end }) => end !== null),
      form,
      scopes: offered.filter((name) => form.values[`scope-${name}`] === "on"),
      apiScopes: apiScopes.filter(({ name }) => offered.includes(name)),
      descriptionOf: new Map(apiScopes.map(({ name, description }) => [name, description])),
      lives,
      now: Date.now(),
    });
  });

  router.post(paths.admin.apiKeys, async (req, res) => {
    const place = { page: paths.admin.apiKeys, at: formId };
    const form = new FormReader(req);
    const wanted = await readKey(form, req);
    if (!wanted) return await answerProblems({ req, res }, place, form);
    await answerChange({ req, res }, { ...place, entered: form.values }, async () => {
      const { key } = await storeOf(req, database).transaction(async (store) => {
        const created = await createApiKey(store, signedIn(req), {
          prefix: brand.apiKeyPrefix,
          mails,
          ...wanted,
        });
        await store.activity.record(adminEntry(req, "api_key.created", created.id, wanted.scopes));
        return created;
      });
      return { text: "The key is created. Copy it now: it is shown only once.", secrets: { key } };
    });
  });

  router.post(`${paths.admin.apiKey(":apiKey")}/revoke`, async (req, res) => {
    const id = pathParameter(req, "apiKey");
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "api_key.revoked", id),
        apply: (store) => revokeApiKey(store, id),
        done: "The key is revoked. Calls with it are refused from now on.",
        page: paths.admin.apiKeys,
        at: listId,
      },
    );
  });
  return router;
}

/** Reads the form of a new key. Null if there are problems, which the form then holds. */
async function readKey(form: FormReader, req: Request) {
  const scopes = scopesOf(signedIn(req).role).filter((name) => formFields(req, "scopes").includes(name));
  for (const name of scopes) form.values[`scope-${name}`] = "on";
  const name = await form.checked("name", (text) => ({ value: checkKeyName(text), note: null }));
  if (scopes.length === 0) form.addProblem("scopes", new InvalidError("Choose at least one scope."));
  const days = await form.checked("days", daysCheck);
  return form.isValid && name !== null && days !== null ? { name, scopes, days: daysIn(days) } : null;
}

const daysCheck: FieldCheck = (text) => {
  checkKeyDays(daysIn(text));
  return { value: text, note: null };
};

/** NaN for a text that is not a number. */
const daysIn = (text: string) => (text === "" ? null : Number(text));

interface DescribedKey extends ApiKey {
  /** Why the key does not work; null if it does. */
  end: string | null;
}

/** The keys, judged by the rules of a call. */
async function describeKeys(store: TenantStore): Promise<DescribedKey[]> {
  const keys = await store.apiKeys.list();
  const roles = await store.roles.effectiveOf([...new Set(keys.map(({ user }) => user.id))]);
  return keys.map((key) => ({ ...key, end: whyEnded(key, roles.get(key.user.id) ?? "member") }));
}

function whyEnded(key: ApiKey, role: Role): string | null {
  const facts = { token: { ...key, role }, acceptsApiKeys: true, now: Date.now() };
  const broken = apiKeyRules.find((rule) => !rule.holds(facts));
  return broken ? (ends[broken.id] ?? broken.name) : null;
}

/** By the rule that refuses the key. */
const ends: Record<string, string> = {
  "token-expiry": "Expired",
  "api-key-not-revoked": "Revoked",
  "person-active": "Its person is deactivated",
  "person-not-blocked": "Its person is blocked",
  "access-current": "The access of its person was revoked",
  "role-kept": "Its person no longer has the role",
};
