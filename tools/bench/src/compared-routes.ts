import express, { type Express } from "express";
import SCIMMY from "scimmy";
import type { AppDeps } from "../../../src/app.ts";
import { hashToken } from "../../../src/store/secrets.ts";
import { systemStore } from "../../../src/store/system-store.ts";
import type { AffiliatedUser } from "../../../src/store/tenant/users.ts";
import { forTenant, type TenantStore } from "../../../src/store/tenant-store.ts";
import { assets } from "../../../src/web/assets.ts";
import { operations } from "../../../src/web/operations.ts";
import { requestContext } from "../../../src/web/request.ts";
import { securityHeaders } from "../../../src/web/security-headers.ts";
import { nodeSamlRoute } from "./node-saml.ts"; // SAML

/**
 * The routes that the application is compared with, behind the same outer middleware (src/app.ts) and on the same knex.
 * `/one/:id` and `/two/:id` read one and two rows by an index and send JSON of a user's size. `/scimmy` sends a page of the
 * same rows through scimmy.
 */
export function comparedRoutes({ config, database, log }: AppDeps): Express {
  const { measure, routes } = operations(database, null);
  const app = express();
  app.disable("x-powered-by");
  app.set("trust proxy", config.trustProxy);
  app.set("query parser", "simple");
  app.use(requestContext(log));
  app.use(measure);
  app.use(securityHeaders(config.baseUrl));
  app.use("/assets", assets());
  app.use(routes);

  const sample = { value: {} as object };
  app.put("/sample", express.json(), (req, res) => {
    sample.value = req.body;
    res.status(204).end();
  });
  const columns = "id login_name attributes active source_key version created_at updated_at".split(" ");
  app.get("/one/:id", async (req, res) => {
    const row = await database
      .sql()("users")
      .where({ id: req.params.id, tenant_id: req.get("tenant") })
      .first(columns);
    if (!row) throw new Error("there is no such user");
    res.json(sample.value);
  });
  app.get("/two/:id", async (req, res) => {
    const token_hash = hashToken(req.get("authorization")?.replace("Bearer ", "") ?? "");
    const token = await database.sql()("provisioning_tokens").where({ token_hash }).first("tenant_id");
    const row = await database
      .sql()("users")
      .where({ id: req.params.id, tenant_id: token.tenant_id })
      .first(columns);
    if (!row) throw new Error("there is no such user");
    res.json(sample.value);
  });
  scimmyRoute(app, database);
  nodeSamlRoute(app); // SAML
  return app;
}

function toResource(user: AffiliatedUser) {
  const { id, loginName, active, sourceKey, createdAt, updatedAt, affiliations } = user;
  const baseUrl = "https://acme.example/scim/v2";
  return {
    id,
    userName: loginName,
    ...user.attributes,
    active,
    ...(sourceKey === null ? {} : { externalId: sourceKey }),
    groups: affiliations.groups.map((group) => ({
      value: group.id,
      $ref: `${baseUrl}/Groups/${group.id}`,
      display: group.displayName,
      type: "direct",
    })),
    meta: {
      resourceType: "User",
      created: new Date(createdAt).toISOString(),
      lastModified: new Date(updatedAt).toISOString(),
      location: `${baseUrl}/Users/${id}`,
    },
  };
}

/** scimmy as documented: a resource with an egress handler that returns the database's rows. */
function scimmyRoute(app: Express, database: AppDeps["database"]): void {
  const { tokens } = systemStore(database);
  SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
  SCIMMY.Resources.declare(SCIMMY.Resources.User).egress(async (_resource: unknown, given: unknown) => {
    const { context, after } = given as { context: TenantStore; after: number };
    const rows = await context.users.affiliated(true).page(after, 100);
    return rows.map(toResource) as never;
  });
  app.get("/scimmy", async (req, res) => {
    const owner = await tokens.owner(hashToken(req.get("authorization")?.replace("Bearer ", "") ?? ""));
    if (!owner) throw new Error("unknown token");
    const store = forTenant(database, owner.tenantId);
    const after = Number(req.query.startIndex) - 1;
    const page = await new SCIMMY.Resources.User(undefined, { startIndex: 1, count: 100 }).read({
      context: store,
      after,
    });
    res.type("application/scim+json").send(JSON.stringify(page));
  });
}
