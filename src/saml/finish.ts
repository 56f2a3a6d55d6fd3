import type { Request, RequestHandler } from "express";
import type { Rule } from "policy-list/policy";
import { storedSubject } from "../directory/sign-in.ts";
import { paths } from "../endpoints.ts";
import { judgeSignIn, type RefusalReason } from "../errors.ts";
import { ssoOf } from "../sso/connection.ts";
import { finishSignIn, type IdentifiedLogin } from "../sso/finish.ts";
import { formField } from "../web/forms.ts";
import { landingPath } from "../web/home.ts";
import type { StepDeps } from "./deps.ts";

/** The policy at the end of a sign-in; everything about the response itself was judged before. */
export const arrivalRules: readonly Rule<{ arrival: IdentifiedLogin | null }, RefusalReason>[] = [
  {
    id: "arrival",
    name: "A response arrived in this browser, and was not used yet",
    citation: "Someone else's link must not sign anyone in (login CSRF)",
    reason: "sign-in-not-started-here",
    holds: ({ arrival }) => arrival !== null,
  },
];

/**
 * The steps of /finish, where the session of the browser is visible. If another person is signed in, the page asks first:
 * otherwise an attacker who makes a browser post a response could silently change the account that it works in.
 */
export function finishSteps({ arrivals, baseUrl }: StepDeps) {
  /** Takes the arrival that the ticket names, from the address or, if the person confirmed it, from the form. */
  const takeArrival: RequestHandler = async (req, _res, next) => {
    const ticket = req.method === "POST" ? formField(req, "ticket") : req.query.ticket;
    const arrival = await arrivals.resume(req, typeof ticket === "string" ? ticket : "");
    judgeSignIn(arrivalRules, { arrival });
    if (arrival) req.saml = { arrival, identity: arrival.identity };
    next();
  };

  const askIfOtherPerson: RequestHandler = async (req, res, next) => {
    const arrival = arrivalOf(req);
    if (!req.person || (await isSamePerson(req, arrival))) return next();
    // Kept under a new ticket, which only the form of this page knows.
    const ticket = await arrivals.begin(req, arrival);
    res.render("continue-as", {
      title: "Change who is signed in?",
      action: paths.saml(ssoOf(req).connection.key).finish,
      ticket,
      loginName: arrival.identity.loginName,
      current: req.person.user.loginName,
      landingPath,
    });
  };

  const signIn: RequestHandler = async (req, res) => {
    await finishSignIn(req, res, arrivalOf(req), baseUrl);
  };

  return { takeArrival, askIfOtherPerson, signIn };
}

function arrivalOf({ saml }: Request): IdentifiedLogin {
  if (!saml?.arrival) throw new Error("takeArrival has to run before this step");
  return saml.arrival;
}

async function isSamePerson(req: Request, { identity }: IdentifiedLogin): Promise<boolean> {
  const { store, connection } = ssoOf(req);
  const known = await store.identities.find(connection.id, storedSubject(connection, identity.subject));
  return req.person?.tenant.id === store.tenantId && known?.userId === req.person.user.id;
}
