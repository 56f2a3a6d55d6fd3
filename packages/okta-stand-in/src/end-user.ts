import { Router } from "express";
import { okta } from "okta-labels/labels";
import { endSession } from "./oidc.ts";
import { mayUse, type Org, OrgRefusal, personByLogin } from "./org.ts";
import { isSaml, sendResponse } from "./saml.ts";
import type { OrgApp } from "./state.ts";

/** How many people the sign-in page offers to choose from. */
const offered = 12;

/** The pages for people who are not administrators: the sign-in page and the dashboard. */
export function endUserRoutes(org: Org): Router {
  const router = Router();
  router.get("/", (_req, res) => res.redirect("/app/UserHome"));

  router.get("/login", (req, res) => {
    const fromURI = pathOf(req.query.fromURI);
    const username = typeof req.query.username === "string" ? req.query.username : "";
    showLogin(res, fromURI, username, null);
  });

  // The stand-in runs on one machine and protects nothing, so a username is enough.
  router.post("/login", (req, res) => {
    const form = req.body as Record<string, string | undefined>;
    const fromURI = pathOf(form.fromURI);
    const username = form.username ?? "";
    const person = personByLogin(org, username);
    if (person?.status !== "ACTIVE") {
      showLogin(res.status(403), fromURI, username, problemOf(person?.status));
      return;
    }
    org.sessions.start(req, res, person.id, fromURI);
    res.redirect(303, fromURI);
  });

  router.get("/login/signout", async (req, res) => {
    await endSession(org, req, res);
    res.redirect("/login");
  });

  router.get("/app/UserHome", (req, res) => {
    const person = org.store.state.people[org.sessions.of(req)?.personId ?? ""];
    if (!person) return res.redirect("/login");
    const apps = Object.values(org.store.state.apps).filter((app) => mayUse(app, person));
    const tiles = apps.map((app) => ({ label: app.label, protocol: app.signOn.kind, href: tilePathOf(app) }));
    res.render("dashboard", { title: "My Apps", person, tiles });
  });

  router.get("/home/:name/:id/:link", (req, res) => {
    const app = org.store.state.apps[req.params.id];
    if (!app) throw new OrgRefusal("There is no such application.");
    const session = org.sessions.of(req);
    if (!session) return res.redirect(`/login?${new URLSearchParams({ fromURI: req.originalUrl })}`);
    if (isSaml(app)) {
      const relayState =
        typeof req.query.RelayState === "string" ? req.query.RelayState : app.signOn.defaultRelayState;
      return sendResponse(org, app, { request: null, relayState }, { req, res });
    }
    const initiateLoginUri = app.signOn.kind === "oidc" ? app.signOn.initiateLoginUri : null;
    if (!initiateLoginUri) throw new OrgRefusal(`${app.label} has no ${okta.customApp.initiateLoginUri}.`);
    // OpenID Connect Core §4. Okta sends only the issuer.
    const target = new URL(initiateLoginUri);
    target.searchParams.set("iss", org.url);
    res.redirect(target.href);
  });
  return router;

  function showLogin(
    res: { render(view: string, locals: object): void },
    fromURI: string,
    username: string,
    problem: string | null,
  ): void {
    const people = Object.values(org.store.state.people)
      .filter(({ status }) => status === "ACTIVE")
      .slice(0, offered);
    res.render("login", { title: "Sign In", fromURI, username, problem, people });
  }
}

/** The link that signs a person in, and leads on to a page of the org. For a demonstration: see OrgOptions. */
export function signInByLinkRoutes(org: Org): Router {
  const router = Router();
  router.get("/sign-in-by-link", (req, res) => {
    const { username } = req.query;
    const person = personByLogin(org, typeof username === "string" ? username : "");
    if (person?.status !== "ACTIVE") throw new OrgRefusal(problemOf(person?.status));
    const fromURI = pathOf(req.query.fromURI);
    org.sessions.start(req, res, person.id, fromURI);
    res.redirect(303, fromURI);
  });
  return router;
}

/** The address of an app's tile on the dashboard (Okta: the embed link). */
export function tilePathOf({ id, name }: OrgApp): string {
  return `/home/${name}/${id}/aln${id.slice(3)}`;
}

/** Accepts only a path of the org: anyone can write the parameter into a link. */
function pathOf(wanted: unknown): string {
  const isPath = typeof wanted === "string" && /^\/(?![/\\])/.test(wanted);
  return isPath ? wanted : "/app/UserHome";
}

function problemOf(status: string | undefined): string {
  if (status === "SUSPENDED") return "This person is suspended. Unsuspend them in the Admin Console.";
  if (status === "DEPROVISIONED") return "This person is deactivated. Activate them in the Admin Console.";
  return "No person has this username. Choose one from the list.";
}
