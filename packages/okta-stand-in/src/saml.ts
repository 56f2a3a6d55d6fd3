import { type Request, type Response, Router } from "express";
import { federatedClaims } from "./access.ts";
import { displayNameOf, mayUse, type Org, OrgNotFoundError, OrgRefusal } from "./org.ts";
import { asRedirected, type ParsedAuthnRequest, readRedirected } from "./saml-request.ts";
import { escaped, samlResponse } from "./saml-response.ts";
import type { OrgApp, OrgPerson, SamlSignOn } from "./state.ts";

export type SamlApp = OrgApp & { signOn: SamlSignOn };

export function isSaml(app: OrgApp): app is SamlApp {
  return app.signOn.kind === "saml";
}

/** The URL for an application's AuthnRequests, by redirect or POST. */
export function ssoUrlOf(org: Org, app: SamlApp): string {
  return `${org.url}/app/${app.name}/${app.signOn.externalKey}/sso/saml`;
}

export function metadataUrlOf(org: Org, app: SamlApp): string {
  return `${org.url}/app/${app.signOn.externalKey}/sso/saml/metadata`;
}

export function issuerOf({ externalKey }: SamlSignOn): string {
  // Okta's issuers begin with http even if the org uses https. The issuer is a name; no one fetches it.
  return `http://www.okta.com/${externalKey}`;
}

/** "Application username format": the value by which the application knows the person. */
export function nameIdOf({ signOn }: SamlApp, person: OrgPerson): string {
  return signOn.usernameFormat === "email" ? person.email : person.login;
}

/** SP-initiated single sign-on, and the metadata. */
export function samlRoutes(org: Org): Router {
  const router = Router();
  router.get("/app/:key/sso/saml/metadata", (req, res) => {
    const app = samlAppOf(org, req.params.key);
    res.type("application/xml").send(idpMetadata(org, app));
  });
  router.get("/app/:name/:key/sso/saml", (req, res) => {
    const app = samlAppOf(org, req.params.key);
    const { SAMLRequest: encoded, RelayState: relayState } = req.query;
    if (typeof encoded !== "string") throw new OrgRefusal("The SAMLRequest is missing.");
    const signIn = {
      request: readRedirected(encoded),
      relayState: typeof relayState === "string" ? relayState : "",
    };
    sendResponse(org, app, signIn, { req, res });
  });
  router.post("/app/:name/:key/sso/saml", (req, res) => {
    const { SAMLRequest: posted = "", RelayState: relayState } = req.body as Record<string, string>;
    const query = new URLSearchParams({ SAMLRequest: asRedirected(posted) });
    if (relayState) query.set("RelayState", relayState);
    res.redirect(303, `${req.path}?${query}`);
  });
  return router;
}

/** Throws OrgNotFoundError. */
function samlAppOf({ store }: Org, externalKey: string): SamlApp {
  const app = Object.values(store.state.apps).find(
    (one): one is SamlApp => isSaml(one) && one.signOn.externalKey === externalKey,
  );
  if (!app) throw new OrgNotFoundError("There is no such application.");
  return app;
}

interface SignInRequest {
  /** null for a sign-in that began in the org, by a tile. */
  request: ParsedAuthnRequest | null;
  relayState: string;
}

/**
 * Sends the browser to the application with a response about the person of the org's session. Without a session, sends it
 * to the sign-in page first. Throws OrgRefusal if the person is not assigned to the app.
 */
export function sendResponse(
  org: Org,
  app: SamlApp,
  { request, relayState }: SignInRequest,
  { req, res }: { req: Request; res: Response },
): void {
  const session = org.sessions.of(req);
  if (!session || (request?.forceAuthn && session.provedFor !== req.originalUrl)) {
    res.redirect(`/login?${new URLSearchParams({ fromURI: req.originalUrl })}`);
    return;
  }
  const person = org.store.state.people[session.personId];
  if (!person || !mayUse(app, person))
    throw new OrgRefusal(
      `${person ? displayNameOf(person) : "This person"} is not assigned to ${app.label}.`,
    );
  const xml = samlResponse(
    {
      issuer: issuerOf(app.signOn),
      // Okta ignores the request's AssertionConsumerServiceURL and uses the address that the administrator entered.
      acsUrl: app.signOn.acsUrl,
      audience: app.signOn.audience,
      nameId: nameIdOf(app, person),
      attributes: attributesOf(org, app, person),
      inResponseTo: request?.id ?? null,
      signedInAt: session.signedInAt,
    },
    app.signOn,
  );
  const response = Buffer.from(xml).toString("base64");
  res.render("saml-post", {
    title: `Signing in to ${app.label}`,
    acsUrl: app.signOn.acsUrl,
    response,
    relayState,
  });
}

/** The expressions that attribute statements may use (Okta: "Okta Expression Language", `user.…`). */
const expressions: Record<string, (person: OrgPerson) => string> = {
  "user.login": ({ login }) => login,
  "user.email": ({ email }) => email,
  "user.firstName": ({ firstName }) => firstName,
  "user.lastName": ({ lastName }) => lastName,
  "user.displayName": displayNameOf,
};

function attributesOf(org: Org, app: SamlApp, person: OrgPerson) {
  const statements = app.signOn.attributeStatements.map(({ name, expression }) => {
    const value = expressions[expression]?.(person) ?? "";
    return { name, values: value === "" ? [] : [value] };
  });
  const claims = Object.entries(federatedClaims(org, app, person.id)).map(([name, values]) => ({
    name,
    values,
  }));
  return [...statements, ...claims].filter(({ values }) => values.length > 0);
}

export function idpMetadata(org: Org, app: SamlApp): string {
  const location = escaped(ssoUrlOf(org, app));
  const format = (name: string) =>
    `<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:${name}</md:NameIDFormat>`;
  const service = (binding: string) =>
    `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:${binding}" Location="${location}"/>`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<md:EntityDescriptor entityID="${issuerOf(app.signOn)}" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">`,
    '<md:IDPSSODescriptor WantAuthnRequestsSigned="false" ',
    'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">',
    '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>',
    `<ds:X509Certificate>${app.signOn.certificate.replace(/(.{64})/g, "$1\n")}</ds:X509Certificate>`,
    "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
    format("emailAddress") + format("unspecified") + service("HTTP-POST") + service("HTTP-Redirect"),
    "</md:IDPSSODescriptor></md:EntityDescriptor>",
  ].join("");
}
