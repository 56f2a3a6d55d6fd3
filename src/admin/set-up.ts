import { type Request, type Response, Router } from "express";
import { changeSettings, recordEdit, rotateSecret } from "../directory/connections.ts";
import { judgeAgain, startSignInTest } from "../directory/sign-in-tests.ts";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Connection, ConnectionSettings } from "../model.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { answerForm, ChangedError, changedText, type FormAnswer, leave } from "../web/answers.ts";
import { countUse, documentForm, formField } from "../web/request.ts";
import { signInPath } from "../web/sign-in-options.ts";
import { pathParameter } from "./change.ts";
import { connectionForms } from "./connection-forms.ts";
import type { AdminDeps } from "./deps.ts";
import { type EnteredConnection, FormReader } from "./form-reader.ts";
import { readChoices } from "./set-up-choices.ts";
import { editorOf, isFrozen, lockAsShown, mayEdit, type SetUpContext } from "./set-up-context.ts";
import { showSetUp } from "./set-up-page.ts";
import { pageOfStep, type SetUpStep } from "./set-up-steps.ts";
import { shownField } from "./shown.ts";

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
    await countUse(lookUps, `${store.tenantId}/${person?.user.id ?? `guest/${connection.id}`}`);
  };
  const contextOfEdit = async (req: Request) => {
    const context = await contextOf(req);
    checkMayEdit(context);
    await countLookUp(context);
    return context;
  };

  router.get(pattern, async (req, res) => showSetUp(deps, await contextOf(req), req, res));

  router.post(`${pattern}/settings`, async (req, res) => {
    const context = await contextOfEdit(req);
    await parseBody(req, res);
    await saveForm(deps, context, req, res);
  });

  router.post(`${pattern}/check`, async (req, res) => {
    const { connection } = await contextOfEdit(req);
    await parseBody(req, res);
    const checks = connectionForms[connection.type].checks(deps.limits);
    const name = formField(req, "field");
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (!check) throw new InvalidError("There is no such field.");
    const form = new FormReader(req);
    await form.checked(name, check);
    res.set("Cache-Control", "no-store");
    res.json({ problem: form.problems[name] ?? null, note: form.notes[name] ?? null });
  });

  router.use(choiceRoutes(deps, pattern, contextOf));
  router.use(testRoutes(pattern, contextOf));
  return router;
}

/** The questions that begin the set-up, and the answer that a test suggests. */
function choiceRoutes(
  deps: AdminDeps,
  pattern: string,
  contextOf: (req: Request) => Promise<SetUpContext>,
): Router {
  const router = Router();

  router.post(`${pattern}/choices`, async (req, res) => {
    const context = await contextOf(req);
    checkMayEdit(context);
    const { accounts, isCatalogApp } = readChoices(req);
    if (!accounts || isCatalogApp === null)
      return await answer(req, res, context, "choices", problem("Answer both questions to continue."));
    const changes = { ...accounts, isCatalogApp };
    await changeAsShown({ req, res, context, step: "choices" }, async (inside) => {
      const { store, connection } = inside;
      await store.connections.update(connection.id, changes);
      if (changes.justInTime === connection.justInTime) return;
      await recordEdit(store, connection.id, editorOf(context, req));
      await store.activity.record(context.entry("connection.changed", ["justInTime"]));
    });
    if (!res.headersSent) res.redirect(303, pageOfStep(context.base, context.connection, "app"));
  });

  router.post(`${pattern}/accounts`, async (req, res) => {
    const context = await contextOf(req);
    checkMayEdit(context);
    await changeAsShown({ req, res, context, step: "test" }, async ({ store, connection }) => {
      await recordEdit(store, connection.id, editorOf(context, req));
      await store.connections.update(connection.id, { justInTime: true });
      await store.activity.record(context.entry("connection.changed", ["justInTime"]));
    });
    if (res.headersSent) return;
    await judgeAgain({ store: context.store, sealer: deps.sealer, connection: context.connection });
    const text = "From now on, the first sign-in creates an account. The test below was judged again.";
    await answer(req, res, context, "test", { kind: "done", text });
  });
  return router;
}

/** Starts test sign-ins, and says whether one has ended. */
function testRoutes(pattern: string, contextOf: (req: Request) => Promise<SetUpContext>): Router {
  const router = Router();

  router.post(`${pattern}/tests`, async (req, res) => {
    const context = await contextOf(req);
    const { store, connection, person } = context;
    if (isFrozen(context)) throw frozen();
    if (!connection.settings) throw new InvalidError("Save the values from Okta first.");
    const testId = formField(req, "test");
    if (!/^[\w-]{43}$/.test(testId))
      throw new InvalidError("Start the test from the page of the connection.");
    if (!(await store.signInTests.isUnderWay(connection.id, testId)))
      await startSignInTest(store, connection.id, person?.user.id ?? null, testId);
    const url = `${signInPath(connection)}?${new URLSearchParams({ test: testId })}`;
    leave(res, url, { title: "Test sign-in", action: "Continue to Okta" });
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

type StepAnswer = Pick<FormAnswer, "kind" | "text" | "form" | "differences">;

const problem = (text: string): StepAnswer => ({ kind: "problem", text });

/** Leads to the page of a step, which shows the answer. */
async function answer(
  req: Request,
  res: Response,
  { base, connection }: Pick<SetUpContext, "base" | "connection">,
  step: SetUpStep,
  shown: StepAnswer,
): Promise<void> {
  await answerForm(req, res, pageOfStep(base, connection, step), { ...shown, at: step });
}

/** The form of a step that changes the connection. */
interface StepForm {
  req: Request;
  res: Response;
  context: SetUpContext;
  step: SetUpStep;
}

/**
 * Makes a change if the settings are as the form's page showed them; otherwise answers that nothing was saved. The caller
 * answers after a change.
 */
async function changeAsShown(
  { req, res, context, step }: StepForm,
  work: (inside: SetUpContext) => Promise<void>,
): Promise<void> {
  try {
    await context.store.transaction(async (store) => {
      const connection = await lockForEdit(req, context, store);
      await work({ ...context, store, connection });
    });
  } catch (error) {
    if (!(error instanceof ChangedError)) throw error;
    await answer(req, res, context, step, changedProblem(error));
  }
}

/** Like lockAsShown, but checks the permission again: an owner may have switched it on or begun a review since. */
async function lockForEdit(req: Request, context: SetUpContext, store: TenantStore): Promise<Connection> {
  return await lockAsShown(req, context, store, (connection) => checkMayEdit({ ...context, connection }));
}

/** Nothing was saved, because the page was out of date. */
const changedProblem = ({ differences }: ChangedError): StepAnswer => ({
  kind: "problem",
  text: changedText,
  differences,
});

async function saveForm(deps: AdminDeps, context: SetUpContext, req: Request, res: Response): Promise<void> {
  const form = new FormReader(req);
  // Kept in the form's values: the next page compares it with the settings of then.
  form.text(shownField);
  const input = await readInput(deps, context, form);
  // The button "Read" fills in the form from metadata; the person compares the values before saving them.
  if (!input || form.text("action") === "read") {
    const shown = form.isValid ? readMessage(form) : problem("Nothing was saved. Correct this first:");
    return await answer(req, res, context, "values", { ...shown, form: keptForm(form) });
  }
  try {
    await context.store.transaction((store) => saveInput(deps, { ...context, store }, req, input));
  } catch (error) {
    if (!(error instanceof ChangedError)) throw error;
    return await answer(req, res, context, "values", { ...changedProblem(error), form: keptForm(form) });
  }
  const text = ["The values are saved.", ...input.notes, "Now test the sign-in."].join(" ");
  await answer(req, res, context, "test", { kind: "done", text });
}

function readMessage({ notes }: FormReader): StepAnswer {
  if (!notes.metadataUrl && !notes.metadataXml)
    return problem("Enter the metadata’s address, or paste the metadata, to read it.");
  return { kind: "done", text: "3 values filled in from the metadata. Compare them below, then save." };
}

/** A longer text is not shown again: it would fill the session. */
const longestKept = 100_000;

/** The form to show again, without the client secret, which is never kept. */
function keptForm({ values, problems, notes }: FormReader): NonNullable<FormAnswer["form"]> {
  const isKept = ([name, value]: [string, string]) => name !== "clientSecret" && value.length <= longestKept;
  return { values: Object.fromEntries(Object.entries(values).filter(isKept)), problems, notes };
}

/** Saves the settings in the transaction of the context's store. Throws ChangedError. */
async function saveInput(
  deps: AdminDeps,
  context: SetUpContext,
  req: Request,
  input: EnteredConnection,
): Promise<void> {
  const { store } = context;
  const now = await lockForEdit(req, context, store);
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
  const { current } = await store.connections.sealedSecrets(connection.id);
  const before = { settings: connection.settings, hasSecret: current !== null };
  return await connectionForms[connection.type].read(form, limits, before);
}

/** Settings that are on while they are missing. */
const onIfMissing = new Set(["universalLogout", "crossAppAccess", "idpInitiated"]);

/** The names of the settings that differ. A setting that was missing and now has its default is not a change. */
function changedSettings(before: ConnectionSettings | null, after: ConnectionSettings): string[] {
  const [old, now] = [before ?? {}, after].map((settings) => new Map(Object.entries(settings)));
  const asText = (name: string, value: unknown) =>
    JSON.stringify(onIfMissing.has(name) ? value !== false : value || null);
  return [...new Set([...(now?.keys() ?? []), ...(old?.keys() ?? [])])].filter(
    (name) => name !== "metadataRead" && asText(name, old?.get(name)) !== asText(name, now?.get(name)),
  );
}
