import { AbstractStrategy } from "@node-saml/passport-saml";
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from "express";
import passport from "passport";
import type { Rule } from "policy-list/policy";
import { attributeRules, firstValue, subjectRules } from "saml-policy/assertion-rules";
import { consume, type Ports } from "saml-policy/consume";
import { authnRequestUrl } from "saml-policy/request";
import type { ParsedAssertion, ServiceProvider } from "saml-policy/rule";
import { attributes as table } from "../../config/attributes.ts";
import type { TestedSignIn } from "../directory/sign-in-tests.ts";
import { paths, samlUrls } from "../endpoints.ts";
import { judgeSignIn, NotFoundError, type RefusalReason, RefusedError, refusalOf } from "../errors.ts";
import {
  type ExternalIdentity,
  profileFields,
  type SamlSettings,
  type SignInProof,
  type VerifiedIdentity,
} from "../model.ts";
import { parserStatus } from "../parser-errors.ts";
import { requireActive, type SsoContext, ssoOf, useTest } from "../sso/connection.ts";
import {
  finishSignIn,
  firstText,
  type IdentifiedLogin,
  identityOf,
  noteAgain,
  type SentField,
  type SentFields,
  userOfIdentity,
} from "../sso/sign-in.ts";
import { endTest, testedSignIn } from "../sso/test-sign-in.ts";
import { hashToken } from "../store/secrets.ts";
import { subjectKey } from "../store/tenant/identities.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { landingPath } from "../web/home.ts";
import { formField, localPath } from "../web/request.ts";
import type { KeptRequest, SamlConnection, StepDeps } from "./deps.ts";
import { keyPairsOf } from "./keys.ts";
import { refreshCertificates } from "./metadata-refresh.ts";
import { requestParts } from "./request-form.ts";

/** Base64 makes four bytes of three, and the form's encoding makes three characters of some of them. */
const bodyLimit = 512 * 1024;

/** Rejects oversized requests by Content-Length; the body parser would first read the whole upload. */
export const refuseLarge: RequestHandler = (req, _res, next) => {
  const isLarge = Number(req.get("content-length") ?? 0) > bodyLimit;
  next(isLarge ? new RefusedError("saml-malformed") : undefined);
};

export const formBody: RequestHandler = express.urlencoded({ extended: false, limit: bodyLimit });

/** Makes an unknown connection look like an inactive one, so that the ACS does not reveal which keys exist. */
export function findForAcs(find: RequestHandler): RequestHandler {
  return async (req, res, next) => {
    try {
      await find(req, res, next);
    } catch (error) {
      throw error instanceof NotFoundError ? new RefusedError("connection-not-active") : error;
    }
  };
}

/** A body that the parser refuses is not a form with a response. */
export const notAForm: ErrorRequestHandler = (error: unknown, _req, _res, next) => {
  next(parserStatus(error) === null ? error : new RefusedError("saml-malformed", null, { cause: error }));
};

export const notASignIn: RequestHandler = () => {
  throw new RefusedError("saml-not-a-sign-in");
};

/**
 * The steps of the assertion consumer service (ACS), to which the provider has the browser post its response. The post
 * comes from another site, so no session is visible here. The accepted response is kept, once, for the browser that
 * brought it, and that browser goes on to /finish by a GET, with which its session travels.
 */
export function acsSteps(deps: StepDeps) {
  const { sealer, baseUrl, acceptedSignIns } = deps;

  /** A response belongs to a test if RelayState names one that is under way. Otherwise the connection has to be active. */
  const testOrActive: RequestHandler = async (req, res, next) => {
    const isTest = await useTest(req, (req.body as Record<string, unknown> | undefined)?.RelayState);
    return isTest ? next() : requireActive(req, res, next);
  };

  const expectResponse: RequestHandler = async (req, _res, next) => {
    const sso = ssoOf(req, "saml");
    const { store, connection, testId } = sso;
    const mayBeginThere = await store.connections.unsolicitedAllowed();
    req.saml = {
      expected: {
        sp: serviceProviderOf(sso, baseUrl, mayBeginThere),
        ports: portsOf(deps, req),
        async keep({ assertion, request, relayState }, inside) {
          if (testId !== null) return { tested: testOf(connection, assertion) };
          const identity = toIdentity(connection, assertion);
          req.saml = { ...req.saml, identity };
          const returnTo = request ? request.returnTo : localPath(relayState, baseUrl);
          const { sessionEndsAt } = assertion;
          const againFor = request?.againFor ?? null;
          const accessEpoch = await epochOfIdentity({ store: inside, connection }, identity);
          const proof = proofOf(assertion);
          const accepted = { identity, returnTo, sessionEndsAt, proof, againFor, accessEpoch };
          return { ticket: await acceptedSignIns.begin(req, accepted, { store: inside }) };
        },
      },
    };
    next();
  };

  const continueSignIn: RequestHandler = async (req, res) => {
    const { consumedResponse: consumed } = req;
    if (!consumed) throw new Error("the strategy has to run before this step");
    if ("tested" in consumed) return await endTest(req, res, sealer, consumed.tested);
    const { finish } = paths.saml(ssoOf(req).connection.key);
    res.redirect(303, `${finish}?${new URLSearchParams({ ticket: consumed.ticket })}`);
  };

  return { testOrActive, expectResponse, continueSignIn };
}

function serviceProviderOf(
  { connection, testId }: SsoContext<"saml">,
  baseUrl: string,
  mayBeginThere: boolean,
): ServiceProvider {
  const { settings, key } = connection;
  const { acsUrl, entityId } = samlUrls(baseUrl, key);
  return {
    acsUrl,
    entityId,
    idpEntityId: settings.idpEntityId,
    certificates: settings.certificates,
    signed: settings.signed ?? "assertion",
    acceptsEncrypted: settings.encryptedAssertions ?? false,
    idpInitiated: mayBeginThere && settings.idpInitiated !== false,
    forceAuthn: settings.forceAuthn ?? false,
    isTest: testId !== null,
  };
}

/** The policy's ports over the tenant's store. */
function portsOf(deps: StepDeps, req: Request): Ports<KeptRequest, TenantStore> {
  const { store, connection } = ssoOf(req, "saml");
  return {
    now: Date.now,
    async decryptionKeys() {
      const keyPairs = await keyPairsOf(store, deps.sealer, connection, deps.generateKeys);
      return keyPairs.map(({ privateKey }) => privateKey);
    },
    refreshCertificates: () => refreshCertificates(store, connection, deps.limits),
    onVerified(signedXml) {
      req.saml = { ...req.saml, signedXml };
    },
    transaction: (work) =>
      store.transaction((inside) =>
        work(
          {
            replay: {
              consume: (id, end) => inside.usedTokens.consume(hashToken(`${connection.id}/${id}`), end),
            },
            requests: { take: async (id) => noteAgain(req, await deps.requests.resume(req, id, inside)) },
          },
          inside,
        ),
      ),
  };
}

/** The policy of /finish; everything about the response itself was judged before. */
export const finishRules: readonly Rule<FinishFacts, RefusalReason>[] = [
  {
    id: "arrival",
    name: "A response arrived in this browser, and was not used yet",
    citation: "Someone else's link must not sign anyone in (login CSRF)",
    reason: "sign-in-not-started-here",
    holds: ({ accepted }) => accepted !== null,
  },
  {
    id: "arrival-current",
    name: "The person's access was not revoked since the response arrived",
    citation: "Universal Logout, a block and a sign-out also end sign-ins in flight",
    reason: "sign-in-not-started-here",
    holds: ({ accepted, epoch }) => (accepted?.accessEpoch ?? epoch) === epoch,
  },
];

interface FinishFacts {
  accepted: IdentifiedLogin | null;
  /** The person's access epoch now; null if they are not known here. */
  epoch: number | null;
}

/** The access epoch of the user who has this identity, or who will be linked to it by the login name; null if there is none. */
async function epochOfIdentity(
  { store, connection }: Pick<SsoContext, "store" | "connection">,
  { subject, loginName }: ExternalIdentity,
): Promise<number | null> {
  return await store.identities.accessEpoch(connection.id, subjectKey(connection, subject), loginName);
}

/**
 * The steps of /finish, where the session of the browser is visible. If another person is signed in, the page asks first:
 * otherwise an attacker who makes a browser post a response could silently change the account that it works in.
 */
export function finishSteps({ acceptedSignIns, baseUrl }: StepDeps) {
  /** Consumes the accepted sign-in that the ticket names, from the address or, if the person confirmed it, from the form. */
  const resumeAccepted: RequestHandler = async (req, _res, next) => {
    const ticket = req.method === "POST" ? formField(req, "ticket") : req.query.ticket;
    const accepted = await acceptedSignIns.resume(req, typeof ticket === "string" ? ticket : "");
    const epoch = accepted && (await epochOfIdentity(ssoOf(req), accepted.identity));
    judgeSignIn(finishRules, { accepted, epoch });
    noteAgain(req, accepted);
    if (accepted) req.saml = { accepted, identity: accepted.identity };
    next();
  };

  const askIfOtherPerson: RequestHandler = async (req, res, next) => {
    const accepted = acceptedOf(req);
    // A sign-in that had to be repeated asks no one: it refuses another person.
    if (!req.person || accepted.againFor || (await isSamePerson(req, accepted))) return next();
    // Kept under a new ticket, which only the form of this page knows.
    const ticket = await acceptedSignIns.begin(req, accepted);
    req.saml = { ...req.saml, nextTicket: ticket };
    res.render("continue-as", {
      title: "Change who is signed in?",
      action: paths.saml(ssoOf(req).connection.key).finish,
      ticket,
      loginName: accepted.identity.loginName,
      current: req.person.user.loginName,
      landingPath,
    });
  };

  const signIn: RequestHandler = async (req, res) => {
    await finishSignIn(req, res, acceptedOf(req), baseUrl);
  };

  return { resumeAccepted, askIfOtherPerson, signIn };
}

function acceptedOf({ saml }: Request): IdentifiedLogin {
  if (!saml?.accepted) throw new Error("resumeAccepted has to run before this step");
  return saml.accepted;
}

async function isSamePerson(req: Request, { identity }: IdentifiedLogin): Promise<boolean> {
  const found = await userOfIdentity(req, identity);
  return req.person?.tenant.id === ssoOf(req).store.tenantId && found === req.person.user.id;
}

/** SAML names a class of authentication, and no methods. A provider whose clock is ahead makes no sign-in newer. */
function proofOf({ authenticatedAt, authnContext }: ParsedAssertion): SignInProof {
  const at = authenticatedAt === null ? null : Math.min(authenticatedAt, Date.now());
  return { at, methods: [], context: authnContext?.slice(0, 200) ?? null };
}

/** The service provider as a passport strategy: it redirects a browser that leaves, and judges what one brings back. */
class SamlStrategy extends AbstractStrategy {
  static override readonly newSamlProviderOnConstruct = false;

  constructor() {
    super({ callbackUrl: "", issuer: "", idpCert: "" }, neverCalled, neverCalled);
  }

  override authenticate(req: Request): void {
    this.run(req).catch((error: unknown) => this.error(refusalOf(error) as Error));
  }

  /** Not `#run`: passport calls authenticate() on an object that only inherits from the strategy. */
  private async run(req: Request): Promise<void> {
    const { request, expected } = req.saml ?? {};
    if (expected) {
      const input = { form: req.body ?? {}, query: req.query };
      this.success(await consume(input, expected.sp, expected.ports, expected.keep));
    } else if (request) this.redirect(await authnRequestUrl(...requestParts(request)));
    else throw new Error("a request or an expected response is needed before the strategy runs");
  }
}

/** passport-saml would call it for messages that it reads itself; here it reads none. */
function neverCalled(): void {
  throw new RefusedError("saml-not-a-sign-in");
}

/** Passport's middleware around the strategy. It is a passport of its own, so that nothing is registered globally. */
export function authenticateBySaml(): RequestHandler {
  const own = new passport.Passport().use("saml", new SamlStrategy());
  return own.authenticate("saml", {
    session: false,
    assignProperty: "consumedResponse",
    authInfo: false,
  }) as RequestHandler;
}

type SamlField = keyof NonNullable<SamlSettings["attributeNames"]>;

/**
 * The person that an accepted assertion is about, by config/attributes.ts and the connection's own attribute names. Names
 * are optional. Throws RefusedError `saml-subject` or `profile-incomplete`; the log has the names of the attributes that
 * are missing and of those that came.
 */
function toIdentity(connection: SamlConnection, assertion: ParsedAssertion): VerifiedIdentity {
  const { settings } = connection;
  const subjectAttribute = settings.subjectAttribute || null;
  judgeSignIn(subjectRules, { assertion, subjectAttribute });
  const sent = fieldsIn(settings, assertion);
  requireAttributes(settings, assertion, sent);
  // The rules demand it. It is the login name, too, if no attribute has one.
  const subject = subjectAttribute === null ? assertion.nameId : firstValue(assertion, subjectAttribute);
  return identityOf(connection, String(subject), sent, (name) => assertion.attributes.get(name));
}

/** The attribute that fills each of our fields, or the NameID. */
function fieldsIn(settings: SamlSettings, assertion: ParsedAssertion): SentFields {
  const one = (name: string | null) => ({ name, value: name === null ? null : firstValue(assertion, name) });
  const ofName = (field: SamlField) => {
    const name = attributeNameOf(settings, field);
    return { name, value: firstText(assertion.attributes.get(name ?? "")) };
  };
  const email = one(attributeNameOf(settings, "email"));
  const nameId = { name: nameIdLabel, value: assertion.nameId };
  const loginNames = [
    one(attributeNameOf(settings, "loginName")),
    nameId,
    one(settings.subjectAttribute || null),
  ];
  return {
    loginName: loginNames.find(isSent) ?? nameId,
    givenName: ofName("givenName"),
    familyName: ofName("familyName"),
    displayName: ofName("displayName"),
    email: [email, { ...nameId, value: addressIn(assertion) }].find(isSent) ?? email,
  };
}

const nameIdLabel = "NameID";

function isSent({ value }: SentField): boolean {
  return value !== null;
}

function testOf(connection: SamlConnection, assertion: ParsedAssertion): TestedSignIn {
  const values = { [nameIdLabel]: assertion.nameId, ...Object.fromEntries(assertion.attributes) };
  const identify = () => toIdentity(connection, assertion);
  return testedSignIn(values, fieldsIn(connection.settings, assertion), identify);
}

/** The names of the attributes that are mapped to our fields. */
export function mappedNames(settings: SamlSettings): Set<string> {
  const fields: SamlField[] = ["loginName", ...profileFields];
  const names = fields.map((field) => attributeNameOf(settings, field));
  return new Set(
    [...names, settings.subjectAttribute, settings.roleMapping?.name].flatMap((name) => name ?? []),
  );
}

/** The name under which the connection's provider sends a field; null if it comes as the NameID or not at all. */
function attributeNameOf(settings: SamlSettings, field: SamlField): string | null {
  return (
    settings.attributeNames?.[field] ?? table.find((entry) => entry.field === field)?.samlAttribute ?? null
  );
}

/** The NameID if its format says that it is an e-mail address (SAML Core §8.3.2): many providers send nothing else. */
function addressIn({ nameId, nameIdFormat }: ParsedAssertion): string | null {
  const isAddress = nameIdFormat?.endsWith(":emailAddress") && nameId?.includes("@");
  return isAddress ? nameId : null;
}

function requireAttributes(settings: SamlSettings, assertion: ParsedAssertion, sent: SentFields): void {
  const required = profileFields.flatMap((field) => {
    const row = table.find((entry) => entry.field === field);
    const isNeeded = row?.requiredAtSignIn && sent[field].value === null;
    return isNeeded ? [{ label: row.label, name: attributeNameOf(settings, field) ?? "" }] : [];
  });
  const missing = required.filter(({ name }) => firstValue(assertion, name) === null);
  judgeSignIn(
    attributeRules,
    { assertion, required: required.map(({ name }) => name) },
    { detail: `Missing: ${missing.map(({ label }) => label).join(", ")}.` },
  );
}
