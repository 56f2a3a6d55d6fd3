import { Router } from "express";
import { paths } from "../endpoints.ts";
import { defaultSessionLimits, type SessionLimits } from "../store/session-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { answerProblems, submittedForm } from "../web/answers.ts";
import { adminEntry, makeChange, storeOf } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
import { FormReader } from "./form-reader.ts";
import { checkShown, shownValue } from "./shown.ts";

/** The units that the form offers, in minutes. */
const units = { minutes: 1, hours: 60, days: 24 * 60 } as const;
type Unit = keyof typeof units;

const [shortestMinutes, longestMinutes] = [5, 30 * units.days];

/** A length of time as the form shows it. */
interface Length {
  count: number;
  unit: Unit;
}

/** The form on the page. */
const formId = "limits";

/** How long people of the tenant stay signed in. */
export function sessionRoutes({ database }: AdminDeps): Router {
  const router = Router();

  router.get(paths.admin.sessions, async (req, res) => {
    const limits = (await storeOf(req, database).sessions.limits()) ?? defaultSessionLimits;
    res.render("admin/sessions", {
      title: "Sessions",
      units: Object.keys(units),
      form: submittedForm(res, formId) ?? { values: valuesOf(limits), problems: {}, notes: {} },
      shown: shownValue(limitFacts(limits)),
    });
  });

  router.post(`${paths.admin.sessions}/limits`, async (req, res) => {
    const place = { page: paths.admin.sessions, at: formId };
    const form = new FormReader(req);
    const limits = readLimits(form);
    if (!limits) return await answerProblems({ req, res }, place, form);
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "sessions.limits_changed", null, ["idleMinutes", "absoluteMinutes"]),
        done: "The limits are saved. They apply to existing sessions, too.",
        ...place,
        entered: form.values,
        async apply(store) {
          checkShown(req, limitFacts(await store.sessions.lockLimits()), paths.admin.sessions);
          await store.sessions.changeLimits(limits);
        },
      },
    );
  });

  return router;
}

function limitFacts(limits: SessionLimits | null): Fact[] {
  const { idleMinutes, absoluteMinutes } = limits ?? defaultSessionLimits;
  return [
    ["A session ends without a request after", textOf(lengthOf(idleMinutes))],
    ["A session ends at the latest after", textOf(lengthOf(absoluteMinutes))],
  ];
}

/** Null if there are problems, which the form then has. */
function readLimits(form: FormReader): SessionLimits | null {
  const idleMinutes = readLength(form, "idle", "The time without a request");
  const absoluteMinutes = readLength(form, "absolute", "The time after the sign-in");
  if (idleMinutes > absoluteMinutes)
    form.problems.idle = "The time without a request cannot be longer than the time after the sign-in.";
  return form.isValid ? { idleMinutes, absoluteMinutes } : null;
}

/** NaN if there is a problem. */
function readLength(form: FormReader, name: string, label: string): number {
  const [text, unit] = [form.text(name), form.text(`${name}Unit`)];
  const minutes = Object.hasOwn(units, unit) ? Number(text) * units[unit as Unit] : Number.NaN;
  if (/^\d{1,6}$/.test(text) && minutes >= shortestMinutes && minutes <= longestMinutes) return minutes;
  form.problems[name] = `${label} must be a whole number, from 5 minutes to 30 days.`;
  return Number.NaN;
}

/** The limits as the values of the form's fields. */
function valuesOf({ idleMinutes, absoluteMinutes }: SessionLimits): Record<string, string> {
  const [idle, absolute] = [lengthOf(idleMinutes), lengthOf(absoluteMinutes)];
  return {
    idle: String(idle.count),
    idleUnit: idle.unit,
    absolute: String(absolute.count),
    absoluteUnit: absolute.unit,
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
