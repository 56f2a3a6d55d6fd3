import type { Request, Response } from "express";
import { oktaScreens } from "okta-labels/screens";
import { connectionVariable, integration } from "../../config/integration.ts";
import { guestsAreFrozen } from "../directory/connections.ts";
import { latestSignInTest } from "../directory/sign-in-tests.ts";
import { paths } from "../endpoints.ts";
import type { Connection } from "../model.ts";
import { protocolName, signInProtocols } from "../sign-in-protocols.ts";
import { hashToken, randomToken } from "../store/secrets.ts";
import { connectionFacts } from "../trust/connection-facts.ts";
import { submittedForm } from "../web/answers.ts";
import { refusals } from "../web/refusals.ts";
import { connectionForms } from "./connection-forms.ts";
import type { AdminDeps } from "./deps.ts";
import { connectionFigures } from "./figures.ts";
import { choiceValues } from "./set-up-choices.ts";
import { isFrozen, mayEdit, type SetUpContext } from "./set-up-context.ts";
import { listSteps, stepAskedFor, tabAskedFor } from "./set-up-steps.ts";
import { differencesSince, shownField, shownValue } from "./shown.ts";

/** Shows the set-up of a connection: a step of a draft, or a tab of a connection that was switched on once. */
export async function showSetUp(
  deps: AdminDeps,
  context: SetUpContext,
  req: Request,
  res: Response,
): Promise<void> {
  const { connection, person, tenant, base } = context;
  const step = stepAskedFor(connection, req.query.step);
  await recordVisit(context, req, step.number);
  const [stored, rest] = await Promise.all([readStored(deps, context), pageValues(deps, context)]);
  const submitted = submittedForm(res, "values");
  const facts = connectionFacts(connection);
  const isDraft = connection.status === "draft";
  res.render(templateOf(context), {
    title: `${protocolName(connection.type)} connection ${connection.key}`,
    stylesheets: ["set-up.css", "figures.css"],
    connection,
    base,
    tenant,
    steps: listSteps(connection),
    step,
    tab: tabAskedFor(req.query.tab),
    isDraft,
    changes: submitted ? differencesSince(submitted.values[shownField] ?? "", facts) : [],
    shown: shownValue(facts),
    // The browser that opens a set-up link may have a session, but its user is still a guest here.
    isGuest: person === null,
    isOwner: person?.role === "owner",
    form: {
      values: { ...storedValues(connection), ...submitted?.values },
      problems: submitted?.problems ?? {},
      notes: submitted?.notes ?? {},
    },
    choices: choiceValues(connection),
    ...rest,
    ...stored,
  });
}

function templateOf({ connection, person }: SetUpContext): string {
  if (person === null) return "admin/set-up-guest";
  return connection.status === "draft" ? "admin/set-up" : "admin/connection";
}

/** Remembers how far the guest of a set-up link is, for the administrator who sent it. */
async function recordVisit({ store, person }: SetUpContext, req: Request, step: number): Promise<void> {
  if (person === null) await store.links.recordVisit(hashToken(String(req.params.token)), step);
}

/** The template values that are read from the store. */
async function readStored(deps: AdminDeps, context: SetUpContext) {
  const { store, connection } = context;
  const [secrets, test, domains, links, tokens, inspector, stream] = await Promise.all([
    store.connections.sealedSecrets(connection.id),
    latestSignInTest(store, deps.sealer, connection.id),
    store.domains.list(),
    store.links.ofConnection(connection.id),
    store.tokens.list(),
    store.inspector.state(),
    store.signalStreams.ofConnection(connection.id),
  ]);
  const isActive = connection.status === "active";
  // The index of entries by their target, which here is a connection.
  const filter = { person: connection.id, kind: "sign-in" } as const;
  const signIns = isActive ? await store.activity.page(filter, null, 5) : [];
  const figures = isActive ? await connectionFigures(store, connection.id) : [];
  return {
    secret: { isStored: secrets.current !== null, isChanging: secrets.former !== null },
    test,
    canLink: canLink(context, test),
    links,
    signIns,
    figures,
    enforced: domains.filter(({ enforcedConnectionId }) => enforcedConnectionId === connection.id),
    isDomainVerified: domains.some(({ verifiedAt }) => verifiedAt !== null),
    hasToken: tokens.some(({ revokedAt }) => revokedAt === null),
    hasStream: stream?.providerStreamId != null,
    isRecording: inspector.recordingUntil > Date.now(),
  };
}

/** The template values that follow from the connection and from the deployment. */
async function pageValues(deps: AdminDeps, context: SetUpContext) {
  const { connection, tenant } = context;
  const { key, type } = connection;
  const form = connectionForms[type];
  const isStopped = isFrozen(context);
  return {
    canEdit: mayEdit(context) && !isStopped,
    isStopped,
    guestsWait: connection.status === "draft" && guestsAreFrozen(connection),
    urls: signInProtocols[type].urls(deps.baseUrl, key),
    logoutEndpoint: deps.baseUrl + paths.globalTokenRevocation,
    passwordUrl: deps.baseUrl + paths.passwordLoginOf(tenant.slug),
    newTestId: randomToken(),
    refusals,
    ...form.locals,
    ...(await form.pageValues?.(deps, context)), // SAML
    labels: {
      ...form.labels,
      roleName: "Name of the claim or attribute",
      roleValues: "Values that make an administrator",
    },
    screens: oktaScreens(integration.displayName, { label: connectionVariable.label, value: key }),
  };
}

function storedValues({ type, settings, justInTime }: Connection): Record<string, string> {
  return connectionForms[type].values(settings, justInTime);
}

/**
 * Whether the page offers to link the tested identity to the person's account: they ran the test themselves, their account
 * is local or an owner's, and no account has the identity yet.
 */
function canLink({ person }: SetUpContext, test: Awaited<ReturnType<typeof latestSignInTest>>): boolean {
  if (!test?.outcome || !person || test.userId !== person.user.id) return false;
  const isKnown = "user" in test.outcome && test.outcome.by !== "just-in-time";
  const { origin } = person.user;
  return (origin === "local" || origin === "invited" || person.role === "owner") && !isKnown;
}
