import express, { type ErrorRequestHandler, type Express } from "express";
import type { Knex } from "knex";
import { scimRouter } from "scim-server/router";
import { RefusedError } from "../../../src/errors.ts";
import { samlRoutes } from "./saml.ts"; // SAML
import { schemas, scimBackend } from "./scim.ts";
import { cookieOf, endSession, sessionCookie, signedInUser } from "./sessions.ts";
import { oidcRoutes, type SignInSettings } from "./sign-in.ts";

export interface ExampleSettings extends SignInSettings {
  /** The SHA-256 of the provisioning token, in hex: the application never has the token itself. */
  scimTokenHash: string;
  /** Receives a line for what a client did wrong, and the error for what went wrong here. */
  log(problem: unknown): void;
}

export function createApp(sql: Knex, settings: ExampleSettings): Express {
  const { baseUrl, scimTokenHash, log } = settings;
  const app = express();
  app.disable("x-powered-by");

  // The application as it was.
  app.get("/", async (req, res) => {
    const user = await signedInUser(sql, req);
    if (user) res.type("text").send(`Signed in as ${user.email}.\n`);
    else res.status(401).send('<a href="/oidc/login">Sign in with Okta</a>');
  });
  app.post("/sign-out", async (req, res) => {
    if (cookieOf(req, "session")) await endSession(sql, req);
    res.clearCookie("session", sessionCookie(baseUrl)).redirect(303, "/");
  });

  // What this example adds.
  const scim = scimRouter({
    baseUrl: `${baseUrl}/scim/v2`,
    schemas,
    backend: scimBackend(sql, scimTokenHash),
    onError: (error, { status, message }) => log(status >= 500 ? error : `SCIM ${status}: ${message}`),
  });
  app.use("/scim/v2", scim);
  app.use(samlRoutes(sql, settings)); // SAML
  app.use(oidcRoutes(sql, settings));
  app.use(errorPage(log));
  return app;
}

/** The page has the reason, which is safe to show; the log has the cause. */
function errorPage(log: ExampleSettings["log"]): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    const refusal = error instanceof RefusedError ? error : null;
    log(refusal ? `${refusal.message}: ${refusal.cause}` : error);
    if (res.headersSent) return next(error);
    if (refusal) res.status(403).type("text").send(`Sign-in refused: ${refusal.reason}\n`);
    // The parser of forms attaches a status to its errors.
    else
      res
        .status(Object(error).status ?? 500)
        .type("text")
        .send("Something went wrong.\n");
  };
}
