import { type Request, type Response, Router } from "express";
import { changeSettings, rotateSecret } from "../directory/connections.ts";
import { isUnderWay, startSignInTest } from "../directory/sign-in-tests.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import type { OidcSettings, SamlSettings } from "../model.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import { signInPath } from "../web/doors.ts";
import { TooManyRequestsError } from "../web/error-pages.ts";
import { documentForm, formField } from "../web/forms.ts";
import { flash } from "../web/sessions.ts";
import { FormReader } from "./form-reader.ts";
import { oidcChecks, readOidcForm } from "./oidc-form.ts";
import type { AdminDeps } from "./routes.ts";
import { readSamlForm, samlChecks } from "./saml-form.ts";
import { showSetUp } from "./set-up-page.ts";
import { mayEdit, type Visit } from "./visit.ts";

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
  const counted = async ({ store }: Visit) => {
    const retryAfter = await lookUps.use(store.tenantId);
    if (retryAfter > 0) throw new TooManyRequestsError(retryAfter);
  };
  const changing = async (req: Request) => {
    const visit = await visitOf(req);
    if (!mayEdit(visit)) throw notYours();
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
    const { store, connection, person } = await visitOf(req);
    if (!connection.settings) throw new InvalidError("Save the values from Okta first.");
    const testId = formField(req, "test");
    if (!/^[\w-]{43}$/.test(testId))
      throw new InvalidError("Start the test from the page of the connection.");
    if (!(await isUnderWay(store, connection.id, testId)))
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

/** The body, now that it is known who sends it. */
function read(req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    documentForm(req, res, (error?: unknown) => (error ? reject(error) : resolve()));
  });
}

async function save(deps: AdminDeps, visit: Visit, req: Request, res: Response): Promise<void> {
  const { store, connection } = visit;
  const form = new FormReader(req);
  const input = await readInput(deps, visit, form);
  // "Read" fills the form from metadata, to be looked at before anything is kept.
  if (!input || formField(req, "action") === "read") {
    if (!form.isRight) res.status(400);
    return await showSetUp(deps, visit, res, form);
  }
  await store.transaction(async (inside) => {
    // An owner may have switched it on in the meantime.
    const now = await inside.connections.byId(connection.id);
    if (!now || !mayEdit({ ...visit, connection: now })) throw notYours();
    const changed = changedSettings(connection.settings, input.settings);
    await changeSettings(inside, connection.id, input.settings);
    if (input.secret !== null) {
      await rotateSecret(inside, deps.sealer, connection.id, input.secret);
      changed.push("clientSecret");
    }
    if (input.justInTime !== connection.justInTime) {
      await inside.connections.update(connection.id, { justInTime: input.justInTime });
      changed.push("justInTime");
    }
    if (changed.length > 0) await inside.activity.record(visit.entry("connection.changed", changed));
  });
  await flash(req, "done", "The values are saved. Now test the sign-in.");
  res.redirect(303, `${visit.base}#test`);
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
