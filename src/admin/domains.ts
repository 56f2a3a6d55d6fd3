import { type Request, Router } from "express";
import { brand } from "../../config/brand.ts";
import { domainProof, enforceConnection, verifyDomain } from "../directory/domains.ts";
import { addDomain } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import { ConflictError, InvalidError, NotFoundError } from "../errors.ts";
import type { Domain } from "../model.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { TooManyRequestsError } from "../web/error-pages.ts";
import { formField } from "../web/forms.ts";
import { requireOwner, signedIn } from "../web/guards.ts";
import { flash } from "../web/sessions.ts";
import { adminEntry, storeOf } from "./acting.ts";
import { domainFacts, isReady, providerOf } from "./domain-facts.ts";
import type { AdminDeps } from "./routes.ts";
import { checkShown, shownValue } from "./shown.ts";

const pattern = paths.admin.domain(":domain");

/** E-mail domains: added, proved by a TXT record, and led to one connection alone when an owner wants that. */
export function domainRoutes(deps: AdminDeps): Router {
  const router = Router();
  const { database, baseUrl, lookUpTxt } = deps;
  const lookUps = rateLimiter(database, { name: "domain-check", points: 60, seconds: 600 });

  router.get(paths.admin.domains, async (req, res) => {
    const { tenant, role } = signedIn(req);
    const page = { title: "Domains", isOwner: role === "owner", providerOf };
    const passwordUrl = baseUrl + paths.passwordLoginOf(tenant.slug);
    res.render("admin/domains", { ...page, passwordUrl, ...(await rowsOf(storeOf(req, database))) });
  });

  router.post(paths.admin.domains, async (req, res) => {
    await reporting(req, async () => {
      const domain = await recorded(req, deps, "domain.added", (store) =>
        addDomain(store, formField(req, "domain")),
      );
      return `${domain} is added. Now prove that it is yours.`;
    });
    res.redirect(303, paths.admin.domains);
  });

  router.post(`${pattern}/verify`, async (req, res) => {
    const domain = await domainOf(req, deps);
    const { tenant, user } = signedIn(req);
    // One person must not use up what another needs.
    const retryAfter = await lookUps.use(`${tenant.id}/${user.id}`);
    if (retryAfter > 0) throw new TooManyRequestsError(retryAfter);
    await reporting(req, async () => {
      const records = await lookUpTxt(txtRecord(domain).name);
      await recorded(req, deps, "domain.verified", async (store) => {
        await verifyDomain(store, domain.domain, records);
        return domain.domain;
      });
      return `${domain.domain} is yours: people who enter such an address are led to your connections.`;
    });
    res.redirect(303, paths.admin.domains);
  });

  router.post(`${pattern}/enforce`, requireOwner, async (req, res) => {
    const { domain } = await domainOf(req, deps);
    const connectionId = formField(req, "connection") || null;
    await reporting(req, async () => {
      await recorded(req, deps, connectionId ? "domain.enforced" : "domain.released", async (store) => {
        if (connectionId !== null) await store.connections.lock(connectionId);
        await checkDomain(req, store, domain);
        await enforceConnection(store, domain, connectionId);
        return domain;
      });
      return connectionId
        ? `People of ${domain} sign in with this connection only. Owners keep their password.`
        : `People of ${domain} can use passwords again.`;
    });
    res.redirect(303, paths.admin.domains);
  });

  router.post(`${pattern}/remove`, async (req, res) => {
    const found = await domainOf(req, deps);
    const { domain } = found;
    mayRemove(req, found);
    await recorded(req, deps, "domain.removed", async (store) => {
      const now = await checkDomain(req, store, domain);
      // Enforced by now: that is an owner's to lift.
      mayRemove(req, now);
      await store.domains.remove(domain);
      return domain;
    });
    await flash(req, "done", `${domain} is removed.`);
    res.redirect(303, paths.admin.domains);
  });
  return router;
}

/** The tenant's domains, and the connections that their people can be led to. */
async function rowsOf(store: TenantStore) {
  const [domains, connections] = await Promise.all([store.domains.list(), store.connections.list()]);
  const rows = domains.map((domain) => ({
    ...domain,
    record: txtRecord(domain),
    shown: shownValue(domainFacts(domain, connections)),
  }));
  return { domains: rows, ready: connections.filter(isReady), connections };
}

/** Throws NotFoundError. */
function mayRemove(req: Request, { enforcedConnectionId }: Domain): void {
  if (enforcedConnectionId !== null && signedIn(req).role !== "owner")
    throw new NotFoundError("Only an owner removes a domain that is enforced.");
}

/** Locks the domain and holds it against what the page showed. Throws NotFoundError and ChangedError. */
async function checkDomain(req: Request, store: TenantStore, domain: string): Promise<Domain> {
  const now = await store.domains.lock(domain);
  if (!now) throw new NotFoundError("There is no such domain.");
  checkShown(req, domainFacts(now, await store.connections.list()), paths.admin.domains);
  return now;
}

/** Where the proof of a domain goes, and what it is. Underscored names are for this (RFC 8552 §1.1). */
function txtRecord(domain: Domain): { name: string; value: string } {
  const product = brand.productName.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return { name: `_${product}-challenge.${domain.domain}`, value: domainProof(domain) };
}

/** Throws NotFoundError, for a domain that is another tenant's alone, too. */
async function domainOf(req: Request, { database }: AdminDeps): Promise<Domain> {
  const domain = await storeOf(req, database).domains.find(String(req.params.domain));
  if (!domain) throw new NotFoundError("There is no such domain.");
  return domain;
}

/** Makes a change and records it, in one transaction. Returns the domain that `work` names. */
async function recorded(
  req: Request,
  { database }: AdminDeps,
  action: string,
  work: (store: TenantStore) => Promise<string>,
): Promise<string> {
  return await storeOf(req, database).transaction(async (store) => {
    const domain = await work(store);
    await store.activity.record(adminEntry(req, action, domain));
    return domain;
  });
}

/** Tells the person what was done, or what is wrong with what they entered. */
async function reporting(req: Request, work: () => Promise<string>): Promise<void> {
  try {
    await flash(req, "done", await work());
  } catch (error) {
    if (!(error instanceof InvalidError || error instanceof ConflictError)) throw error;
    await flash(req, "problem", error.message);
  }
}
