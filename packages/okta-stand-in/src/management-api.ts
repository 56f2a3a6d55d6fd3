import { timingSafeEqual } from "node:crypto";
import express, { type RequestHandler, Router } from "express";
import { z } from "zod";
import { apiErrors, problem } from "./api-problem.ts";
import { samlKeyId } from "./keys.ts";
import { appOf, type Org, OrgNotFoundError } from "./org.ts";
import { addOidcApp, addSamlApp } from "./private-app.ts";
import { idpMetadata, isSaml } from "./saml.ts";
import { providerApi } from "./shared-signals/provider-api.ts";
import type { OrgApp } from "./state.ts";

const oidcApp = z.object({
  signOnMode: z.literal("OPENID_CONNECT"),
  label: z.string().min(1).max(100),
  settings: z.object({
    oauthClient: z.object({
      application_type: z.literal("web"),
      grant_types: z.array(z.string()).refine((types) => types.includes("authorization_code")),
      redirect_uris: z.array(z.url()).min(1),
      post_logout_redirect_uris: z.array(z.url()).default([]),
      initiate_login_uri: z.url().nullish(),
    }),
  }),
});
const samlApp = z.object({
  signOnMode: z.literal("SAML_2_0"),
  label: z.string().min(1).max(100),
  settings: z.object({
    signOn: z.object({
      ssoAcsUrl: z.url(),
      audience: z.string().min(1),
      signatureAlgorithm: z.literal("RSA_SHA256"),
      digestAlgorithm: z.literal("SHA256"),
      attributeStatements: z
        .array(
          z.object({
            type: z.literal("EXPRESSION"),
            name: z.string(),
            values: z.array(z.string()).length(1),
          }),
        )
        .default([]),
    }),
  }),
});
const wantedApp = z.discriminatedUnion("signOnMode", [oidcApp, samlApp]);

/** The part of Okta's management API that a set-up of apps calls (Okta: "Applications API"), and the providers of signals. */
export function managementApi(org: Org, token: string): Router {
  const router = Router();
  router.use("/api/v1", requireToken(token), express.json({ limit: "256kb" }));

  router.post("/api/v1/apps", async (req, res) => {
    res.json(describe(org, await addWanted(org, wantedApp.parse(req.body))));
  });
  router.get("/api/v1/apps/:id", (req, res) => {
    res.json(describe(org, appOf(org, req.params.id)));
  });
  router.get("/api/v1/apps/:id/sso/saml/metadata", (req, res) => {
    const app = appOf(org, req.params.id);
    if (!isSaml(app)) throw new OrgNotFoundError("There is no such application.");
    res.type("application/xml").send(idpMetadata(org, app));
  });
  router.post("/api/v1/apps/:id/lifecycle/deactivate", (req, res) => {
    appOf(org, req.params.id).active = false;
    org.store.changed();
    res.json({});
  });
  router.delete("/api/v1/apps/:id", (req, res) => {
    const { id, active } = appOf(org, req.params.id);
    if (active) return problem(res, 403, "E0000056", "Delete application forbidden.");
    delete org.store.state.apps[id];
    org.store.changed();
    res.status(204).end();
  });
  router.use(providerApi(org));
  router.use("/api/v1", (_req, res) => problem(res, 404, "E0000022", "The endpoint does not support this."));
  router.use("/api/v1", apiErrors);
  return router;
}

function requireToken(token: string): RequestHandler {
  const expected = Buffer.from(`SSWS ${token}`);
  return (req, res, next) => {
    const given = Buffer.from(req.headers.authorization ?? "");
    if (given.length === expected.length && timingSafeEqual(given, expected)) return next();
    problem(res, 401, "E0000011", "Invalid token provided");
  };
}

async function addWanted(org: Org, wanted: z.infer<typeof wantedApp>): Promise<OrgApp> {
  if (wanted.signOnMode === "SAML_2_0") {
    const { ssoAcsUrl: acsUrl, audience, attributeStatements } = wanted.settings.signOn;
    const statements = attributeStatements.map(({ name, values }) => ({ name, expression: values[0] ?? "" }));
    return await addSamlApp(org, wanted.label, { acsUrl, audience, attributeStatements: statements });
  }
  const { redirect_uris: redirectUris, ...client } = wanted.settings.oauthClient;
  return addOidcApp(org, wanted.label, {
    redirectUris,
    postLogoutRedirectUris: client.post_logout_redirect_uris,
    initiateLoginUri: client.initiate_login_uri ?? null,
  });
}

function describe(org: Org, { id, name, label, active, signOn }: OrgApp) {
  const self = { href: `${org.url}/api/v1/apps/${id}` };
  const common = { id, name, label, status: active ? "ACTIVE" : "INACTIVE" };
  if (signOn.kind === "saml") {
    const metadata = { href: `${self.href}/sso/saml/metadata`, type: "application/xml" };
    const { acsUrl: ssoAcsUrl, audience } = signOn;
    return {
      ...common,
      signOnMode: "SAML_2_0",
      credentials: { signing: { kid: samlKeyId(signOn) } },
      settings: { signOn: { ssoAcsUrl, audience } },
      _links: { self, metadata },
    };
  }
  const oauthClient = { client_id: id, client_secret: signOn.clientSecret };
  return {
    ...common,
    signOnMode: "OPENID_CONNECT",
    credentials: { oauthClient },
    _links: { self },
    settings: { oauthClient: { application_type: "web", redirect_uris: signOn.redirectUris } },
  };
}
