import { timingSafeEqual } from "node:crypto";
import { type Request, type RequestHandler, Router } from "express";
import type { Config } from "../../../../src/config.ts";
import { agentName } from "../../../../src/demo/agent.ts";
import { type DemoTenant, demoPaths, demoTenants, loginOf } from "../../../../src/demo/tenants.ts";
import { paths } from "../../../../src/endpoints.ts";
import { NotFoundError } from "../../../../src/errors.ts";
import type { Connection } from "../../../../src/model.ts";
import { protocolNames, protocols } from "../../../../src/recording.ts";
import type { Database } from "../../../../src/store/database.ts";
import { systemStore } from "../../../../src/store/system-store.ts";
import { forTenant, type TenantStore } from "../../../../src/store/tenant-store.ts";
import { showComponents } from "../components.ts";
import { takeSnapshot } from "./snapshot.ts";
import { storyChapters } from "./steps.ts";

interface StoryDeps {
  database: Database;
  config: Config;
  /** The password of the owners' accounts. */
  password: string;
  /** The URL of the stand-in org. */
  orgUrl: string;
  /** The URL of the AI agent. */
  agentUrl: string;
  /** Resets the demo to its initial state. */
  reset(): Promise<void>;
}

/**
 * The story page, the demo's additions to the application's own pages (a line at the top, the names on the sign-in page),
 * and the reset. They are meant for a demo on your own machine: at a public address, passwords are hidden, and a reset needs
 * the secret.
 */
export function storyRoutes(deps: StoryDeps, controlSecret: string): Router {
  const router = Router();
  const { orgUrl, agentUrl, config } = deps;
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(new URL(config.baseUrl).hostname);

  router.use((_req, res, next) => {
    res.locals.banner = "demo/banner";
    res.locals.signInHelp = "demo/sign-in-help";
    res.locals.demo = {
      paths: demoPaths,
      orgUrl,
      agent: { name: agentName, url: agentUrl },
      signIns: signInHelp(isLocal ? deps.password : null),
    };
    next();
  });

  router.get(demoPaths.story, async (_req, res) => {
    const first = demoTenants[0];
    if (first) res.redirect(303, demoPaths.storyOf(first.slug));
  });

  router.get(demoPaths.components, showComponents);
  router.get(demoPaths.storyOf(":slug"), async (req, res) => {
    const tenant = tenantOf(req);
    const store = await storeOf(deps, tenant);
    const connection = store && (await findConnection(store, tenant));
    if (!store || !connection)
      throw new NotFoundError("This customer is not as the demo left it: reset the demo.");
    const snapshot = await takeSnapshot(deps.database, store, tenant);
    const { baseUrl } = config;
    const appId = appIdOf(connection);
    const chapters = storyChapters({ tenant, appId, orgUrl, agentUrl, baseUrl, snapshot });
    res.render("demo/story", {
      title: `The story of ${tenant.name}`,
      tenant,
      tenants: demoTenants,
      chapters,
      isLocal,
      owner: loginOf(tenant.owner, tenant),
      protocolNames,
    });
  });

  router.get(demoPaths.messagesOf(":slug"), showMessages);

  router.post(demoPaths.reset, async (req, res) => {
    if (!isLocal && !hasSecret(req, controlSecret))
      throw new NotFoundError("Reset this demo on its machine.");
    await deps.reset();
    if (hasSecret(req, controlSecret)) return void res.status(204).end();
    res.redirect(303, demoPaths.story);
  });
  return router;
}

/** Leads to the inspector. Leads people who may not see it to the password form first, so that they sign in as the owner. */
const showMessages: RequestHandler = (req, res) => {
  const { slug } = tenantOf(req);
  const protocol = protocols.find((one) => one === req.query.protocol);
  const inspector = paths.admin.inspector + (protocol ? `?${new URLSearchParams({ protocol })}` : "");
  const maySee = req.person?.tenant.slug === slug && req.person.role !== "member";
  const passwordForm = `${paths.passwordLoginOf(slug)}?${new URLSearchParams({ returnTo: inspector })}`;
  res.redirect(303, maySee ? inspector : passwordForm);
};

/** Throws NotFoundError. */
function tenantOf(req: Request): DemoTenant {
  const tenant = demoTenants.find(({ slug }) => slug === req.params.slug);
  if (!tenant) throw new NotFoundError("The story has no such customer.");
  return tenant;
}

async function storeOf({ database }: StoryDeps, { slug }: DemoTenant): Promise<TenantStore | null> {
  const tenant = await systemStore(database).tenants.bySlug(slug);
  return tenant && forTenant(database, tenant.id);
}

async function findConnection(
  store: TenantStore,
  { slug, protocol }: DemoTenant,
): Promise<Connection | undefined> {
  return (await store.connections.list()).find(({ key, type }) => key === slug && type === protocol);
}

function appIdOf({ settings }: Connection): string {
  if (!settings) return "";
  return "clientId" in settings ? settings.clientId : (settings.appInstanceId ?? "");
}

/** The accounts that the sign-in page offers. @param password null if it must not be shown. */
function signInHelp(password: string | null) {
  return demoTenants.map((tenant) => ({
    name: tenant.name,
    people: tenant.people.map((person) => ({
      name: person,
      href: `${paths[tenant.protocol](tenant.slug).login}?${new URLSearchParams({ login_hint: loginOf(person, tenant) })}`,
    })),
    owner: { login: loginOf(tenant.owner, tenant), href: ownerSignIn(tenant), password },
  }));
}

function ownerSignIn(tenant: DemoTenant): string {
  const query = new URLSearchParams({ login_hint: loginOf(tenant.owner, tenant) });
  return `${paths.passwordLoginOf(tenant.slug)}?${query}`;
}

function hasSecret(req: Request, secret: string): boolean {
  const [given, expected] = [Buffer.from(req.get("authorization") ?? ""), Buffer.from(`Bearer ${secret}`)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
