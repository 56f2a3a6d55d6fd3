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
import { InvalidError } from "../errors.ts";
import { agentStore } from "../store/agents.ts";
import type { Database } from "../store/database.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { checkedUrl, type FetchLimits } from "../trust/guarded-fetch.ts";
import { answerChange, answerProblems, type SubmittedForm, submittedForm } from "../web/answers.ts";
import { requireAdmin, requireOwner, signedIn, storeOf } from "../web/guards.ts";
import { formField, formFields } from "../web/request.ts";
import { adminEntry, makeChange, pathParameter } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { type FieldCheck, FormReader } from "./form-reader.ts";

const pattern = `${paths.admin.agents}/:agent`;

/** A button on an agent's page, in the transaction of its change. */
interface AgentAction {
  /** The section of the page that has the button, and shows the answer. */
  at: string;
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
    at: "access",
    action: "agent.blocked",
    guard: requireAdmin,
    apply: (_joined, store, agent) => blockAgent(store, agent, true),
    done: ({ name }) => `${name} is blocked. Its next call is refused.`,
  },
  unblock: {
    at: "access",
    action: "agent.unblocked",
    guard: requireOwner,
    apply: (_joined, store, agent) => blockAgent(store, agent, false),
    done: ({ name }) => `${name} is no longer blocked.`,
  },
  "secrets/remove": {
    at: "secrets",
    action: "agent.secret_removed",
    guard: requireOwner,
    async apply(joined, store, { clientId }, req) {
      await ownAgent(joined, store, clientId);
      await removeAgentSecret(joined, clientId, formField(req, "secret"));
    },
    done: () => "The secret is removed. The agent cannot authenticate with it any more.",
  },
  revoke: {
    at: "access",
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
    await showAgent(database, req, res);
  });

  router.post(`${pattern}/secrets`, requireOwner, async (req, res) => {
    const clientId = pathParameter(req, "agent");
    await answerChange({ req, res }, { page: paths.admin.agent(clientId), at: "secrets" }, async () => {
      const secret = await database.transaction(async (joined) => {
        const store = storeOf(req, joined);
        await ownAgent(joined, store, clientId);
        await store.activity.record(adminEntry(req, "agent.secret_added", clientId));
        return await addAgentSecret(joined, clientId);
      });
      return { text: `The agent has a second secret now. ${copyNow}`, secrets: { secret } };
    });
  });

  for (const [end, { action, at, guard, apply, done }] of Object.entries(actions)) {
    router.post(`${pattern}/${end}`, guard, async (req, res) => {
      const agent = await agentOf(database, storeOf(req, database), pathParameter(req, "agent"));
      await makeChange(
        { req, res, database },
        {
          entry: adminEntry(req, action, agent.clientId),
          apply: (store, joined) => apply(joined, store, agent, req),
          done: done(agent),
          page: paths.admin.agent(agent.clientId),
          at,
        },
      );
    });
  }
  return router;
}

/** The form that registers an agent. */
const formId = "register";

/** The form before a person fills it in: every scope is selected. */
const emptyForm: SubmittedForm = {
  values: Object.fromEntries(apiScopes.map(({ name }) => [`scope-${name}`, "on"])),
  problems: {},
  notes: {},
};

const copyNow = "Copy the secret now, and give it to the agent: it is shown only once.";

/** How many of the people for whom an agent acted its page lists. */
const maxPeople = 50;

async function showAgent(database: Database, req: Request, res: Response): Promise<void> {
  const store = storeOf(req, database);
  const agent = await agentOf(database, store, pathParameter(req, "agent"));
  const isOwn = agent.registeredBy === "tenant";
  const [people, secrets] = await Promise.all([
    store.agents.usersOf(agent.clientId, maxPeople + 1),
    isOwn ? agentStore(database).secrets(agent.clientId) : [],
  ]);
  res.render("admin/agent", {
    title: agent.name,
    agent,
    secrets,
    people: people.slice(0, maxPeople),
    hasMorePeople: people.length > maxPeople,
    descriptionOf: new Map(apiScopes.map(({ name, description }) => [name, description])),
    isOwner: signedIn(req).role === "owner",
  });
}

function addRegistration(router: Router, { database, limits }: AdminDeps): void {
  const allScopes = apiScopes.map(({ name }) => name);

  router.get(paths.admin.newAgent, (req, res) => {
    const form = submittedForm(res, formId) ?? emptyForm;
    res.render("admin/agent-new", {
      title: "Register an agent",
      form,
      scopes: allScopes.filter((name) => form.values[`scope-${name}`] === "on"),
      apiScopes,
      isOwner: signedIn(req).role === "owner",
    });
  });

  router.post(paths.admin.agents, requireOwner, async (req, res) => {
    const place = { page: paths.admin.newAgent, at: formId };
    const form = new FormReader(req);
    const scopes = allScopes.filter((name) => formFields(req, "scopes").includes(name));
    for (const name of scopes) form.values[`scope-${name}`] = "on";
    const wanted = await readAgent(form, scopes, limits);
    if (!wanted) return await answerProblems({ req, res }, place, form);
    await answerChange({ req, res }, { ...place, entered: form.values }, async () => {
      const { agent, secret } = await database.transaction(async (joined) => {
        const store = storeOf(req, joined);
        const created = await createAgent(joined, { tenantId: store.tenantId, ...wanted });
        await store.activity.record(adminEntry(req, "agent.registered", created.agent.clientId, scopes));
        return created;
      });
      const page = paths.admin.agent(agent.clientId);
      const text = `${agent.name} is registered. Copy its client ID to Okta.`;
      return secret === null ? { text, page } : { text: `${text} ${copyNow}`, page, secrets: { secret } };
    });
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
