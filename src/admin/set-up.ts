import { type Request, type Response, Router } from "express";
import { changeSettings, noteEdit, rotateSecret } from "../directory/connections.ts";
import { isTestUnderWay, startSignInTest } from "../directory/sign-in-tests.ts";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { OidcSettings, SamlSettings } from "../model.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import { connectionFacts } from "../trust/connection-facts.ts";
import { signInPath } from "../web/doors.ts";
import { TooManyRequestsError } from "../web/error-pages.ts";
import { documentForm, formField } from "../web/forms.ts";
import { flash } from "../web/sessions.ts";
import { FormReader } from "./form-reader.ts";
import { oidcChecks, readOidcForm } from "./oidc-form.ts";
import type { AdminDeps } from "./routes.ts";
import { readSamlForm, samlChecks } from "./saml-form.ts";
import { showSetUp } from "./set-up-page.ts";
import { ChangedError, checkShown, shownField } from "./shown.ts";
import { editorOf, isFrozen, mayEdit, type Visit } from "./visit.ts";

/**
 * The set-up of a connection: what is entered, checked and tested. The same for an administrator, below
 * /admin/connections, and for the guest of a set-up link, below /setup: `visitOf` says who it is, and refuses the others.
 */
export function setUpRoutes(
  deps: AdminDeps,
  pattern: string,
  visitOf: (req: Request) => Promise<Visit>,
): Router {
  const router = Router();
  // Whoever types makes us look at addresses of their choice.
  const lookUps = rateLimiter(deps.database, { name: "set-up-check", points: 200, seconds: 600 });
  const counted = async ({ store, connection, person }: Visit) => {
    // A guest must not use up what an owner needs, nor one person what another does.
    const retryAfter = await lookUps.use(`${store.tenantId}/${person?.user.id ?? `guest/${connection.id}`}`);
    if (retryAfter > 0) throw new TooManyRequestsError(retryAfter);
  };
  const changing = async (req: Request) => {
    const visit = await visitOf(req);
    if (!mayEdit(visit)) throw notYours();
    if (isFrozen(visit)) throw frozen();
    return visit;
  };

  router.get(pattern, async (req, res) => showSetUp(deps, await visitOf(req), res));

  router.post(`${pattern}/settings`, async (req, res) => {
    const visit = await changing(req);
    await counted(visit);
    await read(req, res);
    await save(deps, visit, req, res);
  });

  router.post(`${pattern}/check`, async (req, res) => {
    const visit = await changing(req);
    await counted(visit);
    await read(req, res);
    const checks = visit.connection.type === "oidc" ? oidcChecks(deps.oidc) : samlChecks(deps);
    const name = formField(req, "field");
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (!check) throw new InvalidError("There is no such field.");
    const form = new FormReader(req);
    await form.take(name, check);
    res.set("Cache-Control", "no-store");
    res.json({ problem: form.problems[name] ?? null, note: form.notes[name] ?? null });
  });

  router.post(`${pattern}/tests`, async (req, res) => {
    const visit = await visitOf(req);
    const { store, connection, person } = visit;
    if (isFrozen(visit)) throw frozen();
    if (!connection.settings) throw new InvalidError("Save the values from Okta first.");
    const testId = formField(req, "test");
    if (!/^[\w-]{43}$/.test(testId))
      throw new InvalidError("Start the test from the page of the connection.");
    if (!(await isTestUnderWay(store, connection.id, testId)))
      await startSignInTest(store, connection.id, person?.user.id ?? null, testId);
    // Not a redirect: a form may not end at another origin (form-action), a page that navigates may.
    const url = `${signInPath(connection)}?${new URLSearchParams({ test: testId })}`;
    res.render("leaving", { title: "Test sign-in", url, action: "Continue to Okta" });
  });

  router.get(`${pattern}/tests/:test`, async (req, res) => {
    const { store, connection } = await visitOf(req);
    const test = await store.signInTests.find(connection.id, String(req.params.test));
    if (!test) throw new NotFoundError("There is no such test.");
    res.set("Cache-Control", "no-store").json({ finished: test.sealedResult !== null });
  });

  return router;
}

function notYours(): NotFoundError {
  return new NotFoundError("Only an owner changes a connection that was switched on.");
}

function frozen(): ConflictError {
  return new ConflictError("stale", "An owner is reviewing these values right now, so nothing was changed.");
}

/** The body, now that it is known who sends it. */
function read(req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    documentForm(req, res, (error?: unknown) => (error ? reject(error) : resolve()));
  });
}

async function save(deps: AdminDeps, visit: Visit, req: Request, res: Response): Promise<void> {
  const form = new FormReader(req);
  // Shown again as it came: what was wrong is corrected, and the form is still about what its reader saw.
  form.text(shownField);
  const input = await readInput(deps, visit, form);
  // "Read" fills the form from metadata, to be looked at before anything is kept.
  if (!input || formField(req, "action") === "read") {
    if (!form.isRight) res.status(400);
    return await showSetUp(deps, visit, res, { form });
  }
  try {
    await visit.store.transaction((inside) => keep(deps, { ...visit, store: inside }, req, input));
  } catch (error) {
    if (!(error instanceof ChangedError)) throw error;
    const connection = (await visit.store.connections.byId(visit.connection.id)) ?? visit.connection;
    return await showSetUp(deps, { ...visit, connection }, res.status(409), { form, changed: error });
  }
  await flash(req, "done", "The values are saved. Now test the sign-in.");
  res.redirect(303, `${visit.base}#test`);
}

type Input = NonNullable<Awaited<ReturnType<typeof readInput>>>;

/** Keeps what was entered, in the transaction of the visit's store. */
async function keep(deps: AdminDeps, visit: Visit, req: Request, input: Input): Promise<void> {
  const { store } = visit;
  // While the values were checked, an owner may have switched it on, or begun to review it.
  const now = await store.connections.lock(visit.connection.id);
  if (!now || !mayEdit({ ...visit, connection: now })) throw notYours();
  if (isFrozen({ ...visit, connection: now })) throw frozen();
  checkShown(req, connectionFacts(now), visit.base);
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
  await noteEdit(store, now.id, editorOf(visit, req));
  await store.activity.record(visit.entry("connection.changed", changed));
}

async function readInput(deps: AdminDeps, { store, connection }: Visit, form: FormReader) {
  if (connection.type === "oidc") {
    const { current } = await store.connections.sealedSecrets(connection.id);
    return await readOidcForm(form, deps.oidc, current !== null);
  }
  const input = await readSamlForm(form, deps, connection.settings);
  return input && { ...input, secret: null };
}

/** Names of what is other than before; what was never set and is off counts as the same. */
function changedSettings(
  before: OidcSettings | SamlSettings | null,
  after: OidcSettings | SamlSettings,
): string[] {
  const old = new Map(Object.entries(before ?? {}));
  const shown = (value: unknown) => JSON.stringify(value || null);
  return Object.entries(after)
    .filter(([name, value]) => name !== "metadataRead" && shown(old.get(name)) !== shown(value))
    .map(([name]) => name);
}
