import { type Request, Router } from "express";
import { brand } from "../../config/brand.ts";
import { canBeEnforced, domainProof, enforceConnection, verifyDomain } from "../directory/domains.ts";
import { addDomain } from "../directory/tenants.ts";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import type { Connection, Domain } from "../model.ts";
import { providerIn } from "../sign-in-protocols.ts";
import { rateLimiter } from "../store/rate-limits.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { answerChange, type FormPlace, submittedForm } from "../web/answers.ts";
import { requireOwner, signedIn, storeOf } from "../web/guards.ts";
import { countUse, formField } from "../web/request.ts";
import { adminEntry, pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { checkShown, shownValue } from "./shown.ts";

const pattern = paths.admin.domain(":domain");

/** E-mail domains: added, verified by a TXT record, and enforced, so that their people can use one connection only. */
export function domainRoutes(deps: AdminDeps): Router {
  const router = Router();
  const { database, baseUrl, lookUpTxt } = deps;
  const lookUps = rateLimiter(database, { name: "domain-check", points: 60, seconds: 600 });

  router.get(paths.admin.domains, async (req, res) => {
    const { tenant, role } = signedIn(req);
    const submitted = (at: string) => submittedForm(res, at);
    const page = { title: "Domains", isOwner: role === "owner", providerOf, submitted };
    const passwordUrl = baseUrl + paths.passwordLoginOf(tenant.slug);
    res.render("admin/domains", { ...page, passwordUrl, ...(await listDomains(storeOf(req, database))) });
  });

  router.post(paths.admin.domains, async (req, res) => {
    const entered = { domain: formField(req, "domain").trim() };
    const place = { page: paths.admin.domains, at: "add-domain", field: "domain", entered };
    await answerChange({ req, res }, place, async () => {
      const domain = await changeDomain(req, deps, "domain.added", (store) =>
        addDomain(store, entered.domain),
      );
      return { text: `${domain} is added. Now verify that it is yours: its DNS record is below.` };
    });
  });

  router.post(`${pattern}/verify`, async (req, res) => {
    const domain = await domainOf(req, deps);
    const { tenant, user } = signedIn(req);
    // Counted per person, so that one administrator cannot block the others.
    await countUse(lookUps, `${tenant.id}/${user.id}`);
    await answerChange({ req, res }, placeOf(domain.domain), async () => {
      const records = await lookUpTxt(txtRecord(domain).name);
      await changeDomain(req, deps, "domain.verified", async (store) => {
        await verifyDomain(store, domain.domain, records);
        return domain.domain;
      });
      return {
        text: `${domain.domain} is yours. People who enter such an address are sent to your connections.`,
      };
    });
  });

  router.post(`${pattern}/enforce`, requireOwner, async (req, res) => {
    const { domain } = await domainOf(req, deps);
    const connection = formField(req, "connection");
    const connectionId = connection || null;
    await answerChange({ req, res }, { ...placeOf(domain), entered: { connection } }, async () => {
      await changeDomain(req, deps, connectionId ? "domain.enforced" : "domain.released", async (store) => {
        if (connectionId !== null) await store.connections.lock(connectionId);
        await lockDomainAsShown(req, store, domain);
        await enforceConnection(store, domain, connectionId);
        return domain;
      });
      return {
        text: connectionId
          ? `People of ${domain} sign in with this connection only. Owners keep their password.`
          : `People of ${domain} can use passwords again.`,
      };
    });
  });

  router.post(`${pattern}/remove`, async (req, res) => {
    const found = await domainOf(req, deps);
    const { domain } = found;
    checkMayRemove(req, found);
    await answerChange({ req, res }, placeOf(domain), async () => {
      await changeDomain(req, deps, "domain.removed", async (store) => {
        // Again: an owner may have enforced it in the meantime.
        checkMayRemove(req, await lockDomainAsShown(req, store, domain));
        await store.domains.remove(domain);
        return domain;
      });
      // The section of the domain is gone.
      return { text: `${domain} is removed.`, page: paths.admin.domains };
    });
  });
  return router;
}

/** The section of a domain, which shows the answers to its forms. */
function placeOf(domain: string): FormPlace {
  return { page: paths.admin.domains, at: sectionOf(domain) };
}

/** The id of a domain's section. */
function sectionOf(domain: string): string {
  return domain.replaceAll(".", "_");
}

/** The template values of the page: the domains, and the connections that can be enforced for them. */
async function listDomains(store: TenantStore) {
  const [domains, connections] = await Promise.all([store.domains.list(), store.connections.list()]);
  const rows = domains.map((domain) => ({
    ...domain,
    id: sectionOf(domain.domain),
    record: txtRecord(domain),
    shown: shownValue(domainFacts(domain, connections)),
  }));
  return { domains: rows, ready: connections.filter(canBeEnforced), connections };
}

/** The name of the connection's identity provider. */
function providerOf({ settings }: Connection): string {
  return settings ? providerIn(settings).issuer : "no provider yet";
}

/** Everything that an administrator should see before changing a domain: its state, and the connections to choose from. */
function domainFacts(
  { domain, verifiedAt, enforcedConnectionId }: Domain,
  connections: readonly Connection[],
): Fact[] {
  const nameOf = (one: Connection) => `${one.key} (${one.type.toUpperCase()}) for ${providerOf(one)}`;
  const enforced = connections.find(({ id }) => id === enforcedConnectionId);
  return [
    ["Domain", domain],
    ["Verified", verifiedAt === null ? "No" : "Yes"],
    ["People sign in with", enforced ? `${nameOf(enforced)}, ${enforced.status}` : "Anything"],
    ["Connections to choose from", connections.filter(canBeEnforced).map(nameOf).join("\n") || "None"],
  ];
}

/** Throws NotFoundError. */
function checkMayRemove(req: Request, { enforcedConnectionId }: Domain): void {
  if (enforcedConnectionId !== null && signedIn(req).role !== "owner")
    throw new NotFoundError("Only an owner removes a domain that is enforced.");
}

/** Locks the domain and compares it with the page that the form came from. Throws NotFoundError and ChangedError. */
async function lockDomainAsShown(req: Request, store: TenantStore, domain: string): Promise<Domain> {
  const now = await store.domains.lock(domain);
  if (!now) throw new NotFoundError("There is no such domain.");
  checkShown(req, domainFacts(now, await store.connections.list()), paths.admin.domains);
  return now;
}

/** The DNS record that proves the domain. Underscored names are meant for such records (RFC 8552 §1.1). */
function txtRecord(domain: Domain): { name: string; value: string } {
  return { name: `_${brand.slug}-challenge.${domain.domain}`, value: domainProof(domain) };
}

/** Throws NotFoundError if the tenant does not have the domain. */
async function domainOf(req: Request, { database }: AdminDeps): Promise<Domain> {
  const domain = await storeOf(req, database).domains.find(pathParameter(req, "domain"));
  if (!domain) throw new NotFoundError("There is no such domain.");
  return domain;
}

/** Makes a change and records it, in one transaction. `work` returns the domain's name. */
async function changeDomain(
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
