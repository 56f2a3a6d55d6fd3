import { ConflictError } from "../../errors.ts";
import type { Domain } from "../../model.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import type { TenantScope } from "./scope.ts";

interface DomainRow {
  domain: string;
  verification_token: string;
  verified_at: number | null;
  connection_id: string | null;
}

const columns = [
  "tenant_domains.domain",
  "tenant_domains.verification_token",
  "tenant_domains.verified_at",
  "enforced_domains.connection_id",
];

const toDomain = (row: DomainRow): Domain => ({
  domain: row.domain,
  verificationToken: row.verification_token,
  verifiedAt: row.verified_at,
  enforcedConnectionId: row.connection_id,
});

/** The e-mail domains of one tenant. The system store finds the tenants of a verified domain. */
export function tenantDomains(scope: TenantScope, now: () => number) {
  const select = () =>
    scope
      .leftJoin(scope.rows("tenant_domains"), "enforced_domains", "domain", "tenant_domains.domain")
      .select(columns);

  return {
    /** Throws ConflictError if the tenant already has the domain. */
    async add(domain: string, verificationToken: string): Promise<void> {
      await mapUniqueViolation(
        scope.insert("tenant_domains", { domain, verification_token: verificationToken }),
        {
          domain: () =>
            new ConflictError("domain-taken", `"${domain}" is already one of this tenant's domains.`),
        },
      );
    },

    async find(domain: string): Promise<Domain | null> {
      const row = (await select().where("tenant_domains.domain", domain).first()) as DomainRow | undefined;
      return row ? toDomain(row) : null;
    },

    /** Like find, and locks the domain until the transaction ends. */
    async lock(domain: string): Promise<Domain | null> {
      // PostgreSQL cannot lock the nullable side of an outer join, so lock the domain's own row first.
      await scope.rows("tenant_domains").where({ domain }).forUpdate().first("domain");
      const row = (await select().where("tenant_domains.domain", domain).first()) as DomainRow | undefined;
      return row ? toDomain(row) : null;
    },

    async list(): Promise<Domain[]> {
      return ((await select().orderBy("tenant_domains.domain")) as DomainRow[]).map(toDomain);
    },

    /** Marks a domain as verified. Returns whether the tenant has it. */
    async markVerified(domain: string): Promise<boolean> {
      return (
        ((await scope.rows("tenant_domains").where({ domain }).update({ verified_at: now() })) as number) > 0
      );
    },

    /** Makes a connection the only sign-in option of the domain's people; null allows all options again. */
    async enforce(domain: string, connectionId: string | null): Promise<void> {
      const row = { domain, connection_id: connectionId, created_at: now() };
      if (connectionId === null) await scope.rows("enforced_domains").where({ domain }).delete();
      else await scope.upsert("enforced_domains", row, ["domain"]);
    },

    async remove(domain: string): Promise<boolean> {
      return ((await scope.rows("tenant_domains").where({ domain }).delete()) as number) > 0;
    },
  };
}
