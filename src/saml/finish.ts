import { type Request, type Response, Router } from "express";
import { signIn, storedSubject } from "../directory/sign-in.ts";
import { paths } from "../endpoints.ts";
import { formField } from "../web/forms.ts";
import { safePath } from "../web/guards.ts";
import { landingPath } from "../web/home.ts";
import { startSession } from "../web/sessions.ts";
import { type Arrival, arrivals, type SamlDeps, type Visit, visited } from "./visit.ts";

/**
 * The end of a sign-in, where this browser's session is seen: nobody or the same person is signed in at once; when it is
 * somebody else's, the person is asked, because whoever can make a browser post a response must not be able to change
 * under whose name it goes on.
 */
export function finishRoutes(deps: SamlDeps): Router {
  const router = Router();
  const { finish } = paths.saml(":connection");

  router.get(finish, async (req, res) => {
    const visit = await visited(deps, req);
    const arrival = await arrived(deps, visit, req, res, req.query.ticket);
    if (req.person && !(await isSamePerson(visit, req, arrival))) {
      await ask(deps, visit, req, res, arrival);
      return;
    }
    await complete(deps, visit, req, res, arrival);
  });

  router.post(finish, async (req, res) => {
    const visit = await visited(deps, req);
    const arrival = await arrived(deps, visit, req, res, formField(req, "ticket"));
    await complete(deps, visit, req, res, arrival);
  });
  return router;
}

async function arrived(
  deps: SamlDeps,
  { store, connection, trace }: Visit,
  req: Request,
  res: Response,
  ticket: unknown,
): Promise<Arrival> {
  const name = typeof ticket === "string" ? ticket : "";
  const arrival = await trace.checks.attempt("A response arrived in this browser, and was not used yet", () =>
    arrivals(deps, req, res).comeBack(store, connection.id, name),
  );
  trace.identify(arrival.identity, "The person is asked whether to change who is signed in");
  return arrival;
}

async function isSamePerson(
  { store, connection }: Visit,
  { person }: Request,
  { identity }: Arrival,
): Promise<boolean> {
  const known = await store.identities.find(connection.id, storedSubject(connection, identity.subject));
  return person?.tenant.id === store.tenantId && known?.userId === person.user.id;
}

/** The arrival is kept under a new name, which only the form of this page knows. */
async function ask(
  deps: SamlDeps,
  { store, connection }: Visit,
  req: Request,
  res: Response,
  arrival: Arrival,
): Promise<void> {
  const ticket = await arrivals(deps, req, res).leave(store, connection.id, arrival);
  const { loginName } = arrival.identity;
  res.render("continue-as", {
    title: "Change who is signed in?",
    action: paths.saml(connection.key).finish,
    ticket,
    loginName,
    current: req.person?.user.loginName,
    landingPath,
  });
}

async function complete(
  deps: SamlDeps,
  { store, connection, trace }: Visit,
  req: Request,
  res: Response,
  { identity, returnTo }: Arrival,
): Promise<void> {
  const { user, by } = await trace.checks.attempt("The directory lets the person in", () =>
    signIn(store, identity, req.id),
  );
  trace.passed = `Signed in, found by ${by}`;
  await startSession(req, { tenantId: store.tenantId, user, connectionId: connection.id });
  req.log.info({ tenantId: store.tenantId, connectionId: connection.id, by }, "saml.signed_in");
  res.redirect(303, safePath(returnTo, deps.baseUrl, landingPath));
}
