import { type Request, type RequestHandler, type Response, Router } from "express";
import { apiScopes } from "../../config/integration.ts";
import {
  addAgentSecret,
  blockAgent,
  checkAgentName,
  createAgent,
  removeAgentSecret,
} from "../directory/agents.ts";
import { type AgentInTenant, agentOf, ownAgent, revokeOwnAgent } from "../directory/tenant-agents.ts";
import { paths } from "../endpoints.ts";
import { ConflictError, InvalidError } from "../errors.ts";
import { agentStore } from "../store/agents.ts";
import type { Database } from "../store/database.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { checkedUrl, type FetchLimits } from "../trust/guarded-fetch.ts";
import { flash } from "../web/answers.ts";
import { requireAdmin, requireOwner, signedIn } from "../web/guards.ts";
import { formField, formFields } from "../web/request.ts";
import { adminEntry, makeChange, pathParameter, storeOf } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { type FieldCheck, FormReader } from "./form-reader.ts";

const pattern = `${paths.admin.agents}/:agent`;

/** A button on an agent's page, in the transaction of its change. */
interface AgentAction {
  /** The activity entry. */
  action: string;
  apply(joined: Database, store: TenantStore, agent: AgentInTenant, req: Request): Promise<void>;
  /** The message after success. */
  done(agent: AgentInTenant): string;
  /** Only an owner extends what machines may do. */
  guard: RequestHandler;
}

/** By the end of the form's path. */
const actions: Record<string, AgentAction> = {
  block: {
    action: "agent.blocked",
    guard: requireAdmin,
    apply: (_joined, store, agent) => blockAgent(store, agent, true),
    done: ({ name }) => `${name} is blocked. Its next call is refused.`,
  },
  unblock: {
    action: "agent.unblocked",
    guard: requireOwner,
    apply: (_joined, store, agent) => blockAgent(store, agent, false),
    done: ({ name }) => `${name} is no longer blocked.`,
  },
  "secrets/remove": {
    action: "agent.secret_removed",
    guard: requireOwner,
    async apply(joined, store, { clientId }, req) {
      await ownAgent(joined, store, clientId);
      await removeAgentSecret(joined, clientId, formField(req, "secret"));
    },
    done: () => "The secret is removed. The agent cannot authenticate with it any more.",
  },
  revoke: {
    action: "agent.revoked",
    guard: requireOwner,
    apply: (joined, store, { clientId }) => revokeOwnAgent(joined, store, clientId),
    done: ({ name }) => `${name} is revoked for ever. Its next call is refused.`,
  },
};

/** The page of an agent, and the registration of a new one. Every administrator blocks; only owners let more in. */
export function agentRoutes(deps: AdminDeps): Router {
  const router = Router();
  const { database } = deps;
  addRegistration(router, deps);

  router.get(pattern, async (req, res) => {
    await showAgent(database, req, res, { clientId: pathParameter(req, "agent"), secret: null });
  });

  router.post(`${pattern}/secrets`, requireOwner, async (req, res) => {
    const clientId = pathParameter(req, "agent");
    try {
      const secret = await database.transaction(async (joined) => {
        const store = storeOf(req, joined);
        await ownAgent(joined, store, clientId);
        await store.activity.record(adminEntry(req, "agent.secret_added", clientId));
        return await addAgentSecret(joined, clientId);
      });
      await showAgent(database, req, res.status(201), { clientId, secret });
    } catch (error) {
      if (!(error instanceof ConflictError || error instanceof InvalidError)) throw error;
      await flash(req, "problem", `${error.message} Nothing was changed.`);
      res.redirect(303, paths.admin.agent(clientId));
    }
  });

  for (const [end, { action, guard, apply, done }] of Object.entries(actions)) {
    router.post(`${pattern}/${end}`, guard, async (req, res) => {
      const agent = await agentOf(database, storeOf(req, database), pathParameter(req, "agent"));
      await makeChange(
        { req, res, database },
        {
          entry: adminEntry(req, action, agent.clientId),
          apply: (store, joined) => apply(joined, store, agent, req),
          done: done(agent),
          page: paths.admin.agent(agent.clientId),
        },
      );
    });
  }
  return router;
}

/** How many of the people for whom an agent acted its page lists. */
const maxPeople = 50;

/** @param shown.secret the agent's new secret. Only this response contains it. */
async function showAgent(
  database: Database,
  req: Request,
  res: Response,
  shown: { clientId: string; secret: string | null },
): Promise<void> {
  const store = storeOf(req, database);
  const agent = await agentOf(database, store, shown.clientId);
  const isOwn = agent.registeredBy === "tenant";
  const [people, secrets] = await Promise.all([
    store.agents.usersOf(agent.clientId, maxPeople + 1),
    isOwn ? agentStore(database).secrets(agent.clientId) : [],
  ]);
  res.render("admin/agent", {
    title: agent.name,
    agent,
    secrets,
    newSecret: shown.secret,
    people: people.slice(0, maxPeople),
    hasMorePeople: people.length > maxPeople,
    descriptionOf: new Map(apiScopes.map(({ name, description }) => [name, description])),
    isOwner: signedIn(req).role === "owner",
  });
}

function addRegistration(router: Router, { database, limits }: AdminDeps): void {
  const title = "Register an agent";
  const showForm = (req: Request, res: Response, form: FormReader, scopes: readonly string[]) => {
    const isOwner = signedIn(req).role === "owner";
    res.render("admin/agent-new", { title, form, scopes, apiScopes, isOwner });
  };

  router.get(paths.admin.newAgent, (req, res) => {
    const form = new FormReader(req);
    showForm(
      req,
      res,
      form,
      apiScopes.map(({ name }) => name),
    );
  });

  router.post(paths.admin.agents, requireOwner, async (req, res) => {
    const form = new FormReader(req);
    const scopes = apiScopes
      .map(({ name }) => name)
      .filter((name) => formFields(req, "scopes").includes(name));
    const wanted = await readAgent(form, scopes, limits);
    if (!wanted) return showForm(req, res.status(400), form, scopes);
    const { agent, secret } = await database.transaction(async (joined) => {
      const store = storeOf(req, joined);
      const created = await createAgent(joined, { tenantId: store.tenantId, ...wanted });
      await store.activity.record(adminEntry(req, "agent.registered", created.agent.clientId, scopes));
      return created;
    });
    if (secret !== null)
      return await showAgent(database, req, res.status(201), { clientId: agent.clientId, secret });
    await flash(req, "done", `${agent.name} is registered. Copy its client ID to Okta.`);
    res.redirect(303, paths.admin.agent(agent.clientId));
  });
}

/** Reads the form of a new agent. Null if there are problems, which the form then holds. */
async function readAgent(form: FormReader, scopes: readonly string[], limits: FetchLimits) {
  const name = await form.checked("name", (text) => ({ value: checkAgentName(text), note: null }));
  const hasKeys = form.text("method") === "keys";
  form.text("jwksUri");
  const jwksUri = hasKeys ? await form.checked("jwksUri", jwksCheck(limits)) : null;
  if (scopes.length === 0) form.addProblem("scopes", new InvalidError("Choose at least one scope."));
  return form.isValid && name !== null ? { name, scopes, jwksUri } : null;
}

function jwksCheck({ allowPrivateNetwork }: FetchLimits): FieldCheck {
  return (text) => {
    if (text === "") throw new InvalidError("Enter the address of the agent's keys.");
    if (text.length > 1_000) throw new InvalidError("The address has more than 1000 characters.");
    return { value: checkedUrl(text, allowPrivateNetwork).href, note: null };
  };
}
