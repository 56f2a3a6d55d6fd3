import { type Request, type RequestHandler, type Response, Router } from "express";
import { okta } from "okta-labels/labels";
import { RuleBrokenError } from "policy-list/policy";
import { paths } from "../endpoints.ts";
import { brokenRuleIn, ConflictError, NotFoundError } from "../errors.ts";
import type { Connection, SignalStream } from "../model.ts";
import { eventTypes } from "../shared-signals/events.ts";
import type { StreamAnswer } from "../shared-signals/stream-policy.ts";
import { streamProblemOf } from "../shared-signals/stream-problems.ts";
import {
  beginConsent,
  callbackUrl,
  finishConsent,
  orgsOf,
  type StreamAction,
  streamActionOf,
} from "../shared-signals/stream-set-up.ts";
import {
  changeCredentialPolicy,
  checkStreamStatus,
  connectStream,
  deleteStreamAndGrant,
  existingStream,
  forgetStream,
  pushUrl,
  resumeConnecting,
  setStreamStatus,
  takeOverStream,
  verifyStream,
} from "../shared-signals/streams.ts";
import { protocolName } from "../sign-in-protocols.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import { systemStore } from "../store/system-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { answerChange, answerForm, answerProblems, leave, submittedForm } from "../web/answers.ts";
import { requireAdmin, requireOwner, signedIn, storeOf } from "../web/guards.ts";
import { countUse, formField, navigationOnly } from "../web/request.ts";
import { adminEntry, pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { signalFigures } from "./figures.ts";
import { FormReader, optional } from "./form-reader.ts";
import { oidcForm } from "./oidc-form.ts";
import { sendingValues } from "./sent-signals.ts";
import { adminContext } from "./set-up-context.ts";
import { checkShown, shownValue } from "./shown.ts";

const page = paths.admin.connectionSignals(":connection");

/**
 * The shared signals of a connection: an owner lets us manage a stream in the org, and watches, pauses and deletes it.
 * Every administrator sees the page.
 */
export function signalRoutes(deps: AdminDeps): Router {
  const router = Router();
  addPage(router, deps);
  addConsent(router, deps);
  addTakeOver(router, deps);
  addActions(router, deps);
  return router;
}

/** Finds the connection of the path. Throws NotFoundError, and TooManyRequestsError: most actions make us call the org. */
function findStreamAction({ database }: AdminDeps): RequestHandler {
  const calls = rateLimiter(database, { name: "signal-stream", points: 120, seconds: 600 });
  return async (req, _res, next) => {
    const { store, connection } = await adminContext(database, req);
    await countUse(calls, store.tenantId);
    req.streamAction = streamAction(req, store, connection);
    next();
  };
}

function streamAction(req: Request, store: StreamAction["store"], connection: Connection): StreamAction {
  const entry = (action: string, changed: readonly string[] = []) =>
    adminEntry(req, action, connection.id, changed);
  return { store, connection, entry, exchanges: [], secrets: [], state: null, broken: null };
}

function addPage(router: Router, { database, baseUrl }: AdminDeps): void {
  router.get(page, async (req, res) => {
    const { store, connection, base } = await adminContext(database, req);
    if (connection.status === "draft") return res.redirect(303, base);
    const stream = await store.signalStreams.ofConnection(connection.id);
    res.render("admin/signals", {
      title: `${protocolName(connection.type)} connection ${connection.key}`,
      stylesheets: ["set-up.css", "figures.css"],
      connection,
      base,
      stream,
      tab: "signals",
      page: paths.admin.connectionSignals(connection.id),
      isOwner: signedIn(req).role === "owner",
      org: orgsOf(connection)[0] ?? null,
      callbackUrl: callbackUrl(baseUrl, connection.key),
      pushUrl: pushUrl(baseUrl, connection.key),
      eventNames,
      sending: await sendingValues({ baseUrl }, { store, connection }),
      figures: await signalFigures(store, connection.id),
      form: submittedForm(res, connect) ?? {
        values: { clientId: stream?.clientId ?? "" },
        problems: {},
        notes: {},
      },
      labels: { clientId: okta.signOn.clientId, clientSecret: okta.signOn.clientSecret },
    });
  });
}

/** The form that begins the connection. */
const connect = "connect";

/** The events by their URIs, as people say them. */
const eventNames: Readonly<Record<string, string>> = {
  [eventTypes.sessionRevoked]: "Session revoked",
  [eventTypes.credentialChange]: "Credential changed",
  [eventTypes.verification]: "Verification",
  [eventTypes.streamUpdated]: "Stream updated",
};

/** An owner enters the client, the org asks for consent, and the browser comes back. */
function addConsent(router: Router, deps: AdminDeps): void {
  const { database, limits } = deps;
  const checks = oidcForm.checks(limits);

  router.post(`${page}/connect`, requireOwner, findStreamAction(deps), async (req, res) => {
    const action = streamActionOf(req);
    const { store, connection } = action;
    const place = placeOf(connection, connect);
    const stream = await store.signalStreams.ofConnection(connection.id);
    const form = new FormReader(req);
    const clientId = await form.checked("clientId", checkOf("clientId"));
    const secret = await form.checked(
      "clientSecret",
      stream ? optional(checkOf("clientSecret")) : checkOf("clientSecret"),
    );
    const values = { clientId: form.values.clientId ?? "" };
    if (!form.isValid || clientId === null)
      return await answerProblems({ req, res }, place, { ...form, values, notes: {} });
    await answerAction(req, res, { at: connect, entered: values }, async () => {
      checkMayConnect(connection, stream);
      const sessionId = req.sessionID;
      const url = await beginConsent(deps, action, { clientId, secret: secret || null, sessionId });
      leave(res, url, { title: "Connect shared signals", action: "Continue to Okta" });
      return null;
    });
  });

  router.get(
    paths.sharedSignalsCallback(":key"),
    navigationOnly,
    requireAdmin,
    requireOwner,
    async (req, res) => {
      const found = await systemStore(database).signalStreams.find(pathParameter(req, "key"));
      const store = storeOf(req, database);
      if (found?.tenantId !== store.tenantId) throw new NotFoundError("There is no such connection.");
      const action = streamAction(req, store, found.connection);
      req.streamAction = action;
      await answerAction(req, res, { at: connect }, async () => {
        const { searchParams: query } = new URL(req.originalUrl, deps.baseUrl);
        const calls = await finishConsent(deps, action, { query, sessionId: req.sessionID });
        return connectedText(await connectStream(deps, action, calls));
      });
    },
  );

  /** Once an owner has consented, but no stream exists yet. */
  router.post(`${page}/create`, requireOwner, findStreamAction(deps), async (req, res) => {
    await answerAction(req, res, { at: connect }, async () =>
      connectedText(await resumeConnecting(deps, streamActionOf(req))),
    );
  });

  function checkOf(name: "clientId" | "clientSecret") {
    const check = checks[name];
    if (!check) throw new Error(`there is no check of ${name}`);
    return check;
  }
}

function checkMayConnect(connection: Connection, stream: SignalStream | null): void {
  if (connection.status !== "active") throw new ConflictError("stale", "Switch the connection on first.");
  if (orgsOf(connection).length === 0)
    throw new ConflictError("stale", "Enter the Org URL in the settings of the connection first.");
  if (stream?.isAuthorized && stream.providerStreamId !== null)
    throw new ConflictError("stale", "The stream is connected already.");
}

/** @param refused why the verification could not be requested; null if it was. */
function connectedText(refused: RuleBrokenError | null): string {
  if (refused === null) return "The stream is connected. Okta now sends a verification event.";
  return `The stream is connected, but not verified. ${streamProblemOf(refused)}`;
}

/** The client has a stream that we did not create. An owner looks at it before we take it over. */
function addTakeOver(router: Router, deps: AdminDeps): void {
  const pattern = `${page}/take-over`;

  router.get(pattern, navigationOnly, requireOwner, findStreamAction(deps), async (req, res) => {
    const action = streamActionOf(req);
    const { store, connection } = action;
    const place = placeOf(connection, connect);
    const stream = await store.signalStreams.ofConnection(connection.id);
    if (!stream?.isAuthorized || stream.providerStreamId !== null) return res.redirect(303, place.page);
    const existing = await noteBrokenRule(action, () => existingStream(deps, action)).catch(streamProblemOf);
    if (existing === null || typeof existing === "string") {
      const text = existing ?? "The app integration has no stream. Create one.";
      return await answerForm(req, res, place.page, { kind: "problem", text, at: connect });
    }
    res.set("Cache-Control", "no-store").render("admin/signals-take-over", {
      title: "Take over a stream",
      connection,
      page: place.page,
      existing,
      pushUrl: pushUrl(deps.baseUrl, connection.key),
      eventNames,
      shown: shownValue(streamFacts(existing)),
    });
  });

  router.post(pattern, requireOwner, findStreamAction(deps), async (req, res) => {
    const action = streamActionOf(req);
    const back = `${paths.admin.connectionSignals(action.connection.id)}/take-over`;
    await answerAction(req, res, { at: connect }, async () =>
      connectedText(
        await takeOverStream(deps, action, (found) => checkShown(req, found ? streamFacts(found) : [], back)),
      ),
    );
  });
}

/** The facts by which an administrator decides whether to take a stream over. */
function streamFacts({ streamId, endpoint }: StreamAnswer): Fact[] {
  return [
    ["Stream ID", streamId],
    ["Events go to", endpoint],
  ];
}

/** A button on the page of a connected stream. Returns the message after success. */
type StreamButton = (deps: AdminDeps, action: StreamAction, req: Request) => Promise<string>;

/** By the end of the form's path. */
const buttons: Record<string, StreamButton> = {
  async verify(deps, action) {
    await verifyStream(deps, action);
    return "Okta was asked for a verification event.";
  },
  async status(deps, action) {
    await checkStreamStatus(deps, action);
    return "The status is up to date.";
  },
  async pause(deps, action) {
    const isByOkta = await setStreamStatus(deps, action, "paused");
    return isByOkta
      ? "The stream is paused. Okta keeps or drops its events until you resume it."
      : "The stream is paused here. Okta has no call to pause it, so its events still arrive, and change nothing.";
  },
  async resume(deps, action) {
    const isByOkta = await setStreamStatus(deps, action, "enabled");
    return isByOkta
      ? "The stream is on again."
      : "The stream is on again here. Okta has no call to change its own status of the stream.";
  },
  async settings(_deps, action, req) {
    const endsSessions = formField(req, "credentialChangeEndsSessions") === "on";
    await changeCredentialPolicy(action, endsSessions);
    return endsSessions
      ? "From now on, a removed credential ends the person’s sessions."
      : "From now on, a removed credential is only recorded.";
  },
  async delete(deps, action) {
    await deleteStreamAndGrant(deps, action);
    return "The stream is deleted in Okta and here. You can delete the app integration in Okta, too.";
  },
  async forget(_deps, action) {
    await forgetStream(action);
    return "The stream is forgotten here. Delete the app integration in Okta: it ends the stream there.";
  },
};

/** Buttons whose refusal the page shows next to another choice: to forget a stream that cannot be deleted. */
const places: Record<string, string> = { delete: "delete", forget: "delete", settings: "signal-settings" };

function addActions(router: Router, deps: AdminDeps): void {
  for (const [end, press] of Object.entries(buttons)) {
    router.post(`${page}/${end}`, requireOwner, findStreamAction(deps), async (req, res) => {
      await answerAction(req, res, { at: places[end] ?? "stream" }, () =>
        press(deps, streamActionOf(req), req),
      );
    });
  }
}

/**
 * Does what a form or the org's answer asks for, and leads to the page, which says how it ended. A client with a stream
 * leads to the question whether to take it over.
 * @param work returns the message; null if it has answered itself.
 */
async function answerAction(
  req: Request,
  res: Response,
  { at, entered = {} }: { at: string; entered?: Record<string, string> },
  work: () => Promise<string | null>,
): Promise<void> {
  const action = streamActionOf(req);
  const place = { ...placeOf(action.connection, at), entered };
  let text: string | null = null;
  try {
    text = await noteBrokenRule(action, work);
  } catch (error) {
    if (!(error instanceof RuleBrokenError))
      return await answerChange({ req, res }, place, () => Promise.reject(error));
    req.log.info({ rule: error.rule.id, reason: error.rule.reason }, "signal_stream.refused");
    const isTaken = error.rule.reason === "stream-exists";
    const next = isTaken ? `${place.page}/take-over` : place.page;
    const form = { values: entered, problems: {}, notes: {} };
    return await answerForm(req, res, next, { kind: "problem", text: streamProblemOf(error), at, form });
  }
  if (text !== null)
    await answerForm(req, res, place.page, { kind: "done", text, at: at === connect ? "stream" : at });
}

/** Notes the rule that ends an action, for the inspector. */
async function noteBrokenRule<T>(action: StreamAction, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    action.broken = brokenRuleIn(error);
    throw error;
  }
}

function placeOf({ id }: Connection, at: string) {
  return { page: paths.admin.connectionSignals(id), at };
}
