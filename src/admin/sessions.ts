import { type Request, Router } from "express";
import { z } from "zod";
import { endSessionOf } from "../directory/administration.ts";
import {
  changeSessionPolicy,
  checkPolicy,
  checkPolicyTime,
  type PolicyTime,
} from "../directory/session-policy.ts";
import { paths } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";
import {
  defaultSessionPolicy,
  type SecondStepPolicy,
  type SessionPolicy,
  secondStepPolicies,
} from "../store/session-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { answerProblems, submittedForm } from "../web/answers.ts";
import { requireOwner, storeOf } from "../web/guards.ts";
import { formField } from "../web/request.ts";
import { ownSessionId } from "../web/sessions.ts";
import { adminEntry, administrator, makeChange } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { FormReader } from "./form-reader.ts";
import { pageSize, readPosition, withQuery, writePosition } from "./paging.ts";
import { checkShown, shownValue } from "./shown.ts";

/** The units that the form offers, in minutes. */
const units = { minutes: 1, hours: 60, days: 24 * 60 } as const;
type Unit = keyof typeof units;

/** A length of time as the form shows it. */
interface Length {
  count: number;
  unit: Unit;
}

/** The forms on the page, and the list below them. */
const [formId, secondStepId, listId] = ["limits", "second-step", "list"];

const position = z.object({ createdAt: z.number(), id: z.string().max(100) });

/** How long people of the tenant stay signed in, and where they are. */
export function sessionRoutes({ database }: AdminDeps): Router {
  const router = Router();
  const page = paths.admin.sessions;

  router.get(page, async (req, res) => {
    const { sessions } = storeOf(req, database);
    const after = readPosition(req.query.after, position);
    const [policy, found] = await Promise.all([sessions.policy(), sessions.page(after, pageSize + 1)]);
    const shown = policy ?? defaultSessionPolicy;
    const last = found.length > pageSize ? found[pageSize - 1] : undefined;
    const next = last && writePosition({ createdAt: last.createdAt, id: last.id });
    res.render("admin/sessions", {
      title: "Sessions",
      stylesheets: ["lists.css"],
      units: Object.keys(units),
      secondStepWords,
      secondStep: shown.secondStep,
      shownSecondStep: shownValue(secondStepFacts(shown)),
      form: submittedForm(res, formId) ?? { values: valuesOf(shown), problems: {}, notes: {} },
      shown: shownValue(policyFacts(shown)),
      sessions: found.slice(0, pageSize),
      own: ownSessionId(req),
      firstPage: after === null ? null : page,
      nextPage: next ? withQuery(page, { after: next }) : null,
    });
  });

  router.post(`${page}/limits`, async (req, res) => {
    const place = { page, at: formId };
    const form = new FormReader(req);
    const policy = readPolicy(form);
    if (!policy) return await answerProblems({ req, res }, place, form);
    const entry = adminEntry(req, "sessions.limits_changed", null);
    await makeChange(
      { req, res, database },
      {
        entry,
        done: "The limits are saved. They apply to existing sessions, too.",
        ...place,
        entered: form.values,
        async apply(store) {
          checkShown(req, policyFacts((await store.sessions.lockPolicy()) ?? defaultSessionPolicy), page);
          entry.changed = await changeSessionPolicy(store, policy);
        },
      },
    );
  });

  // Only owners decide how an owner signs in.
  router.post(`${page}/second-step`, requireOwner, async (req, res) => {
    const entry = adminEntry(req, "sessions.second_step_changed", null);
    await makeChange(
      { req, res, database },
      {
        entry,
        done: "The policy is saved. It applies from the next sign-in with a password.",
        page,
        at: secondStepId,
        async apply(store) {
          checkShown(req, secondStepFacts((await store.sessions.lockPolicy()) ?? defaultSessionPolicy), page);
          entry.changed = await changeSessionPolicy(store, { secondStep: secondStepIn(req) });
        },
      },
    );
  });

  router.post(`${page}/end`, async (req, res) => {
    const [userId, sessionId] = [formField(req, "user"), formField(req, "session")];
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "user.session_ended", userId),
        done: "The session has ended.",
        page,
        at: listId,
        apply: (store) => endSessionOf(store, administrator(req), { userId, sessionId }),
      },
    );
  });

  return router;
}

function policyFacts(policy: SessionPolicy): Fact[] {
  const { idleMinutes, absoluteMinutes, adminFreshMinutes: fresh } = policy;
  return [
    ["A session ends without a request after", textOf(lengthOf(idleMinutes))],
    ["A session ends at the latest after", textOf(lengthOf(absoluteMinutes))],
    ["Administrators sign in again after", fresh === null ? "Never" : textOf(lengthOf(fresh))],
    ["SAML sign-ins may begin at the identity provider", policy.samlUnsolicited ? "Yes" : "No"], // SAML
  ];
}

/** Null if there are problems, which the form then has. */
function readPolicy(form: FormReader): Omit<SessionPolicy, "secondStep"> | null {
  const policy = {
    idleMinutes: readTime(form, "idle", "idleMinutes"),
    absoluteMinutes: readTime(form, "absolute", "absoluteMinutes"),
    adminFreshMinutes: form.text("fresh") === "" ? null : readTime(form, "fresh", "adminFreshMinutes"),
    samlUnsolicited: form.isOn("samlUnsolicited"), // SAML
  };
  form.text("freshUnit");
  if (form.isValid) {
    try {
      checkPolicy(policy);
    } catch (error) {
      form.addProblem("idle", error);
    }
  }
  return form.isValid ? policy : null;
}

/** The choices of the form. */
const secondStepWords: Record<SecondStepPolicy, string> = {
  none: "No one",
  admins: "Owners and admins",
  everyone: "Everyone",
};

const secondStepFacts = ({ secondStep }: SessionPolicy): Fact[] => [
  ["Local sign-in needs a second step", secondStepWords[secondStep]],
];

/** Throws InvalidError. */
function secondStepIn(req: Request): SecondStepPolicy {
  const text = formField(req, "secondStep");
  const chosen = secondStepPolicies.find((one) => one === text);
  if (!chosen) throw new InvalidError("Choose who needs a second step.");
  return chosen;
}

/** NaN if there is a problem, which the form then has. */
function readTime(form: FormReader, field: string, time: PolicyTime): number {
  const [text, unit] = [form.text(field), form.text(`${field}Unit`)];
  const isNumber = /^\d{1,6}$/.test(text) && Object.hasOwn(units, unit);
  try {
    return checkPolicyTime(time, isNumber ? Number(text) * units[unit as Unit] : Number.NaN);
  } catch (error) {
    form.addProblem(field, error);
    return Number.NaN;
  }
}

/** The policy as the values of the form's fields. */
function valuesOf(policy: SessionPolicy): Record<string, string> {
  const [idle, absolute] = [lengthOf(policy.idleMinutes), lengthOf(policy.absoluteMinutes)];
  const fresh = policy.adminFreshMinutes === null ? null : lengthOf(policy.adminFreshMinutes);
  return {
    idle: String(idle.count),
    idleUnit: idle.unit,
    absolute: String(absolute.count),
    absoluteUnit: absolute.unit,
    fresh: fresh === null ? "" : String(fresh.count),
    freshUnit: fresh?.unit ?? "minutes",
    samlUnsolicited: policy.samlUnsolicited ? "on" : "", // SAML
  };
}

/** In the largest unit that gives a whole number. */
function lengthOf(minutes: number): Length {
  const unit = (["days", "hours"] as const).find((one) => minutes % units[one] === 0) ?? "minutes";
  return { count: minutes / units[unit], unit };
}

function textOf({ count, unit }: Length): string {
  return `${count} ${count === 1 ? unit.slice(0, -1) : unit}`;
}
