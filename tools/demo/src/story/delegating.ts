import { clickPath, okta } from "okta-labels/labels";
import { brand } from "../../../../config/brand.ts";
import { apiScopes } from "../../../../config/integration.ts";
import { agentName } from "../../../../src/demo/agent.ts";
import { loginOf, orgIdOf } from "../../../../src/demo/tenants.ts";
import { crossAppAccessUrls, paths } from "../../../../src/endpoints.ts";
import { writingStep } from "../agent/questions.ts";
import { describeAgent, describePerson } from "./snapshot.ts";
import {
  beAndOpenAgent,
  beAndOpenTile,
  currentLogin,
  firstNameOf,
  landing,
  openTile,
  type PreparedAct,
  type StoryAction,
  type StoryContext,
  type StoryStep,
  signInAtOrg,
} from "./story.ts";

/** An AI agent of another company acts for a person, until someone ends that: by Cross App Access. */
export function delegating(context: StoryContext): StoryStep[] {
  return [asking(context), changing(context), disconnecting(context), loggingOut(context), blocking(context)];
}

function openAgent({ agentUrl }: StoryContext, text: string): StoryAction {
  return { text, link: { label: agentName, href: agentUrl } };
}

function askAgent({ agentUrl }: StoryContext, label: string): PreparedAct {
  return { label, to: agentUrl };
}

function signInAtAgent(context: StoryContext): StoryAction {
  const query = new URLSearchParams({ login_hint: currentLogin(context) });
  const link = { label: `Sign in to ${agentName}`, href: `${context.agentUrl}/sign-in?${query}` };
  return { text: "Sign in to the agent with the org.", link };
}

function asking(context: StoryContext): StoryStep {
  const { tenant, snapshot } = context;
  const [star] = tenant.people;
  return {
    id: "agent-asks",
    title: `${star} asks an agent`,
    acts: [
      beAndOpenAgent(context, star, agentName),
      askAgent(context, "Ask “What is on my list?”, and go through the messages with the arrow keys"),
    ],
    actions: [
      { text: "Sign out here." },
      signInAtOrg(context, star),
      openTile(context),
      signInAtAgent(context),
      openAgent(context, "Ask “What is on my list?”, and go through the messages with the arrow keys."),
    ],
    look: "The agent read the data without a password, a consent page or a key in its settings. The org’s administrator had decided that it may: the org gave it an ID-JAG for this person and this application, and the application gave it a short token for that.",
    files: [
      "src/cross-app-access/routes.ts",
      "src/cross-app-access/policy.ts",
      "src/web/access-tokens.ts",
      "src/tasks/mcp.ts", // sample domain
    ],
    messages: "cross-app-access",
    now: describeAgent(snapshot),
  };
}

function changing(context: StoryContext): StoryStep {
  const { tenant, snapshot } = context;
  const [star, second] = tenant.people;
  const writing = writingStep(firstNameOf(second));
  return {
    id: "agent-writes",
    title: writing.title,
    acts: [
      askAgent(context, writing.ask),
      beAndOpenTile(context, star),
      { label: "Look at what has access to the account", to: paths.account },
    ],
    actions: [
      openAgent(context, `${writing.ask}.`),
      { text: "Look at it here.", link: landing },
      {
        text: "Look at what has access to the account.",
        link: { label: "Your account", href: paths.account },
      },
    ],
    look: "The agent needed no new token, and the org was not asked again. The application knows both: who acted, and through which agent.",
    files: [
      "src/tasks/mcp.ts", // sample domain
      "src/directory/access-tokens.ts",
      "src/web/account.ts",
    ],
    messages: "cross-app-access",
    now: describeAgent(snapshot),
  };
}

function disconnecting(context: StoryContext): StoryStep {
  const { tenant, orgUrl, baseUrl, snapshot, agentAtOrg } = context;
  const { mcpResource } = crossAppAccessUrls(baseUrl);
  const page = `/admin/ai-agents/${orgIdOf("wlp", agentName)}/resource-connections`;
  const connections = { label: okta.agents.resourceConnections, href: orgUrl + page };
  const scopes = apiScopes.map(({ name }) => name).join(" ");
  const { clientId } = snapshot;
  const wanted = { appId: context.appId, resources: mcpResource, clientId, allowed: "specific", scopes };
  return {
    id: "agent-disconnected",
    title: "The administrator ends it in the org",
    acts: [
      {
        label: `Delete the connection to ${brand.productName} at the org`,
        atOrg: { path: `${page}/${agentAtOrg.connectionId}/delete`, form: {} },
      },
      askAgent(context, "Choose “Forget the access token”, and ask again"),
      { label: "Connect it again", atOrg: { path: page, form: wanted } },
      askAgent(context, "Ask once more"),
    ],
    actions: [
      {
        text: `Delete the connection to ${brand.productName} (${tenant.name}). In Okta, it is under ${clickPath(okta.menus.aiAgents, agentName)}.`,
        link: connections,
      },
      openAgent(context, "Choose “Forget the access token”, and ask again. Read what happened."),
      {
        text: `Connect it again: choose “${okta.agents.addConnection}”, and the ${okta.agents.applicationInstance} ${brand.productName} (${tenant.name}).`,
        link: connections,
      },
      { text: `${okta.agents.resourceIndicator}:`, value: mcpResource },
      { text: `${okta.agents.clientIdInApp}:`, value: clientId },
      {
        text: `${okta.agents.allowSpecificScopes}:`,
        value: scopes,
      },
      openAgent(context, "Ask once more."),
    ],
    look: "The org refused the agent and said why; the application had nothing to do with it. A token from before lives for half an hour at most, because every new one needs a new decision of the org.",
    files: ["packages/okta-stand-in/src/token-exchange.ts", "src/directory/access-tokens.ts"],
    messages: "cross-app-access",
    now: describeAgent(snapshot),
  };
}

function loggingOut(context: StoryContext): StoryStep {
  const { tenant, orgUrl, snapshot } = context;
  const [star] = tenant.people;
  const profile = `/admin/users/${orgIdOf("00u", star)}`;
  const person = { label: star, href: orgUrl + profile };
  return {
    id: "agent-logout",
    title: "Universal Logout reaches the agent",
    acts: [
      askAgent(context, "Ask a question, so that the agent has an access token"),
      {
        label: `Choose “${okta.person.clearSessions}” at the org`,
        atOrg: { path: `${profile}/clear-sessions`, form: { includeApps: "on" } },
      },
      askAgent(context, "Ask again, and read what happened"),
    ],
    actions: [
      openAgent(context, "Ask a question, so that the agent has an access token."),
      {
        text: `Choose “${okta.person.moreActions}” and “${okta.person.clearSessions}”. Tick “${okta.person.includeApps}”, and choose “${okta.person.clearAndRevoke}”.`,
        link: person,
      },
      openAgent(context, "Ask again, and read what happened."),
    ],
    look: "The token had not expired, and was dead at the next call. The application reads the person’s access at every call, on every replica; the agent was told by the 401.",
    files: ["src/universal-logout/routes.ts", "src/store/access-tokens.ts", "src/web/access-tokens.ts"],
    messages: "universal-logout",
    now: describePerson(snapshot.star, star),
  };
}

function blocking(context: StoryContext): StoryStep {
  const { tenant, snapshot } = context;
  const [star] = tenant.people;
  const owner = firstNameOf(tenant.owner);
  const agentPage = {
    label: "Agents",
    href: `${paths.passwordLoginOf(tenant.slug)}?${new URLSearchParams({ returnTo: paths.admin.agents })}`,
  };
  return {
    id: "agent-blocked",
    title: "The application’s administrator blocks the agent",
    acts: [
      beAndOpenAgent(context, star, agentName),
      askAgent(context, "Ask a question: it works again"),
      {
        label: `Be ${owner} here, and block ${agentName}`,
        signsOut: true,
        asOwner: true,
        to: paths.admin.agents,
      },
      askAgent(context, "Ask again; sign in again, as the agent proposes, and ask once more"),
      { label: `Be ${owner} here, and unblock it`, signsOut: true, asOwner: true, to: paths.admin.agents },
    ],
    actions: [
      signInAtOrg(context, star),
      signInAtAgent(context),
      openAgent(context, "Ask a question: it works again."),
      {
        text: `Sign in here as the owner, and block ${agentName}:`,
        link: agentPage,
        value: loginOf(tenant.owner, tenant),
      },
      openAgent(context, "Ask again. Sign in again, as the agent proposes, and ask once more."),
      { text: "Then unblock it.", link: { label: "Agents", href: paths.admin.agents } },
    ],
    look: "This side has the last word, too. The first refusal is that of the access token. The second is that of the ID-JAG: the org still allows the agent, and the application does not.",
    files: ["src/admin/agents.ts", "src/directory/agents.ts", "src/cross-app-access/policy.ts"],
    messages: "cross-app-access",
    now: describeAgent(snapshot),
  };
}
