import { ConflictError } from "../../errors.ts";
import type { Domain } from "../../model.ts";
import { unique } from "../sql-errors.ts";
import type { TenantScope } from "./scope.ts";

interface DomainRow {
  domain: string;
  verification_token: string;
  verified_at: number | null;
}

/** The e-mail domains of one tenant. Which tenants verified a domain is asked of the system store. */
export function tenantDomains(scope: TenantScope, now: () => number) {
  return {
    /** Throws ConflictError when the tenant has the domain already. */
    async add(domain: string, verificationToken: string): Promise<void> {
      await unique(scope.insert("tenant_domains", { domain, verification_token: verificationToken }), {
        domain: () =>
          new ConflictError("domain-taken", `"${domain}" is already one of this tenant's domains.`),
      });
    },

    async list(): Promise<Domain[]> {
      const rows = (await scope
        .rows("tenant_domains")
        .select(["domain", "verification_token", "verified_at"])
        .orderBy("domain")) as DomainRow[];
      return rows.map((row) => ({
        domain: row.domain,
        verificationToken: row.verification_token,
        verifiedAt: row.verified_at,
      }));
    },

    /** From now on the domain routes sign-ins. Returns whether the tenant has it. */
    async markVerified(domain: string): Promise<boolean> {
      return (
        ((await scope.rows("tenant_domains").where({ domain }).update({ verified_at: now() })) as number) > 0
      );
    },

    async remove(domain: string): Promise<boolean> {
      return ((await scope.rows("tenant_domains").where({ domain }).delete()) as number) > 0;
    },
  };
}
