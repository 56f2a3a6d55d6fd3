import { type Request, type Response, Router } from "express";
import { changeSettings, recordEdit, rotateSecret } from "../directory/connections.ts";
import { isTestUnderWay, startSignInTest } from "../directory/sign-in-tests.ts";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { OidcSettings, SamlSettings } from "../model.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import { connectionFacts } from "../trust/connection-facts.ts";
import { ChangedError, flash } from "../web/answers.ts";
import { TooManyRequestsError } from "../web/error-pages.ts";
import { documentForm, formField } from "../web/request.ts";
import { signInPath } from "../web/sign-in-options.ts";
import { pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { FormReader } from "./form-reader.ts";
import { oidcChecks, readOidcForm } from "./oidc-form.ts";
import { readSamlForm, samlChecks } from "./saml-form.ts";
import { editorOf, isFrozen, mayEdit, type SetUpContext } from "./set-up-context.ts";
import { showSetUp } from "./set-up-page.ts";
import { checkShown, shownField } from "./shown.ts";

/**
 * The set-up of a connection: entering, checking, saving and testing its settings. Administrators and the guests of set-up
 * links share these routes; `contextOf` authenticates them.
 * @param pattern the path of the page, with parameters.
 */
export function setUpRoutes(
  deps: AdminDeps,
  pattern: string,
  contextOf: (req: Request) => Promise<SetUpContext>,
): Router {
  const router = Router();
  // A check fetches the URL that was entered.
  const lookUps = rateLimiter(deps.database, { name: "set-up-check", points: 200, seconds: 600 });
  const countLookUp = async ({ store, connection, person }: SetUpContext) => {
    // Counted per person and per guest, so that none of them can block the others.
    const retryAfter = await lookUps.use(`${store.tenantId}/${person?.user.id ?? `guest/${connection.id}`}`);
    if (retryAfter > 0) throw new TooManyRequestsError(retryAfter);
  };
  const contextOfEdit = async (req: Request) => {
    const context = await contextOf(req);
    checkMayEdit(context);
    await countLookUp(context);
    return context;
  };

  router.get(pattern, async (req, res) => showSetUp(deps, await contextOf(req), res));

  router.post(`${pattern}/settings`, async (req, res) => {
    const context = await contextOfEdit(req);
    await parseBody(req, res);
    await saveForm(deps, context, req, res);
  });

  router.post(`${pattern}/check`, async (req, res) => {
    const { connection } = await contextOfEdit(req);
    await parseBody(req, res);
    const checks = connection.type === "oidc" ? oidcChecks(deps.limits) : samlChecks(deps.limits);
    const name = formField(req, "field");
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (!check) throw new InvalidError("There is no such field.");
    const form = new FormReader(req);
    await form.checked(name, check);
    res.set("Cache-Control", "no-store");
    res.json({ problem: form.problems[name] ?? null, note: form.notes[name] ?? null });
  });

  router.post(`${pattern}/tests`, async (req, res) => {
    const context = await contextOf(req);
    const { store, connection, person } = context;
    if (isFrozen(context)) throw frozen();
    if (!connection.settings) throw new InvalidError("Save the values from Okta first.");
    const testId = formField(req, "test");
    if (!/^[\w-]{43}$/.test(testId))
      throw new InvalidError("Start the test from the page of the connection.");
    if (!(await isTestUnderWay(store, connection.id, testId)))
      await startSignInTest(store, connection.id, person?.user.id ?? null, testId);
    // CSP form-action forbids a redirect to another origin after a form. The page that is rendered here may navigate there.
    const url = `${signInPath(connection)}?${new URLSearchParams({ test: testId })}`;
    res.render("leaving", { title: "Test sign-in", url, action: "Continue to Okta" });
  });

  router.get(`${pattern}/tests/:test`, async (req, res) => {
    const { store, connection } = await contextOf(req);
    const test = await store.signInTests.find(connection.id, pathParameter(req, "test"));
    if (!test) throw new NotFoundError("There is no such test.");
    res.set("Cache-Control", "no-store").json({ finished: test.sealedResult !== null });
  });

  return router;
}

function checkMayEdit(context: Pick<SetUpContext, "connection" | "person">): void {
  if (!mayEdit(context)) throw new NotFoundError("Only an owner changes a connection that was switched on.");
  if (isFrozen(context)) throw frozen();
}

function frozen(): ConflictError {
  return new ConflictError("stale", "An owner is reviewing these values right now, so nothing was changed.");
}

/** Parses the body, which may hold a pasted document. Call it after the permission check. */
function parseBody(req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    documentForm(req, res, (error?: unknown) => (error ? reject(error) : resolve()));
  });
}

async function saveForm(deps: AdminDeps, context: SetUpContext, req: Request, res: Response): Promise<void> {
  const form = new FormReader(req);
  // Kept in the form's values: after an error, the form is still about the settings that its page showed.
  form.text(shownField);
  const input = await readInput(deps, context, form);
  // The button "Read" fills in the form from metadata; the person compares the values before saving them.
  if (!input || formField(req, "action") === "read") {
    if (!form.isValid) res.status(400);
    return await showSetUp(deps, context, res, { form });
  }
  try {
    await context.store.transaction((store) => saveInput(deps, { ...context, store }, req, input));
  } catch (error) {
    if (!(error instanceof ChangedError)) throw error;
    const connection = (await context.store.connections.byId(context.connection.id)) ?? context.connection;
    return await showSetUp(deps, { ...context, connection }, res.status(409), { form, changed: error });
  }
  const notes = "notes" in input ? input.notes : [];
  await flash(req, "done", ["The values are saved.", ...notes, "Now test the sign-in."].join(" "));
  res.redirect(303, `${context.base}#test`);
}

type SetUpInput = NonNullable<Awaited<ReturnType<typeof readInput>>>;

/** Saves the settings in the transaction of the context's store. Throws ChangedError. */
async function saveInput(
  deps: AdminDeps,
  context: SetUpContext,
  req: Request,
  input: SetUpInput,
): Promise<void> {
  const { store } = context;
  // Again: an owner may have switched it on or begun a review while the values were checked.
  const now = await store.connections.lock(context.connection.id);
  if (!now) throw new NotFoundError("There is no such connection.");
  checkMayEdit({ ...context, connection: now });
  checkShown(req, connectionFacts(now), context.base);
  const changed = changedSettings(now.settings, input.settings);
  await changeSettings(store, now.id, input.settings);
  if (input.secret !== null) {
    await rotateSecret(store, deps.sealer, now.id, input.secret);
    changed.push("clientSecret");
  }
  if (input.justInTime !== now.justInTime) {
    await store.connections.update(now.id, { justInTime: input.justInTime });
    changed.push("justInTime");
  }
  if (changed.length === 0) return;
  await recordEdit(store, now.id, editorOf(context, req));
  await store.activity.record(context.entry("connection.changed", changed));
}

async function readInput({ limits }: AdminDeps, { store, connection }: SetUpContext, form: FormReader) {
  if (connection.type === "oidc") {
    const { current } = await store.connections.sealedSecrets(connection.id);
    return await readOidcForm(form, limits, current !== null);
  }
  const input = await readSamlForm(form, limits, connection.settings);
  return input && { ...input, secret: null };
}

/** Settings that are on while they are missing. */
const onIfMissing = new Set(["universalLogout", "crossAppAccess", "idpInitiated"]);

/** The names of the settings that differ. A setting that was missing and now has its default is not a change. */
function changedSettings(
  before: OidcSettings | SamlSettings | null,
  after: OidcSettings | SamlSettings,
): string[] {
  const [old, now] = [before ?? {}, after].map((settings) => new Map(Object.entries(settings)));
  const asText = (name: string, value: unknown) =>
    JSON.stringify(onIfMissing.has(name) ? value !== false : value || null);
  return [...new Set([...(now?.keys() ?? []), ...(old?.keys() ?? [])])].filter(
    (name) => name !== "metadataRead" && asText(name, old?.get(name)) !== asText(name, now?.get(name)),
  );
}
