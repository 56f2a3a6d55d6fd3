import { type Request, Router } from "express";
import { paths } from "../endpoints.ts";
import { InvalidError } from "../errors.ts";
import { defaultSessionLimits, type SessionLimits } from "../store/session-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { formField } from "../web/request.ts";
import { adminEntry, makeChange, storeOf } from "./change.ts";
import type { AdminDeps } from "./deps.ts";
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

/** How long people of the tenant stay signed in. */
export function sessionRoutes({ database }: AdminDeps): Router {
  const router = Router();

  router.get(paths.admin.sessions, async (req, res) => {
    const limits = (await storeOf(req, database).sessions.limits()) ?? defaultSessionLimits;
    res.render("admin/sessions", {
      title: "Sessions",
      units: Object.keys(units),
      idle: lengthOf(limits.idleMinutes),
      absolute: lengthOf(limits.absoluteMinutes),
      shown: shownValue(limitFacts(limits)),
    });
  });

  router.post(`${paths.admin.sessions}/limits`, async (req, res) => {
    await makeChange(
      { req, res, database },
      {
        entry: adminEntry(req, "sessions.limits_changed", null, ["idleMinutes", "absoluteMinutes"]),
        done: "The limits are saved. They apply to existing sessions, too.",
        page: paths.admin.sessions,
        async apply(store) {
          checkShown(req, limitFacts(await store.sessions.lockLimits()), paths.admin.sessions);
          await store.sessions.changeLimits(readLimits(req));
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

/** Throws InvalidError. */
function readLimits(req: Request): SessionLimits {
  const idleMinutes = readLength(req, "idle", "The time without a request");
  const absoluteMinutes = readLength(req, "absolute", "The time after the sign-in");
  if (idleMinutes > absoluteMinutes)
    throw new InvalidError("The time without a request cannot be longer than the time after the sign-in.");
  return { idleMinutes, absoluteMinutes };
}

function readLength(req: Request, name: string, label: string): number {
  const [text, unit] = [formField(req, name).trim(), formField(req, `${name}Unit`)];
  const minutes = Object.hasOwn(units, unit) ? Number(text) * units[unit as Unit] : Number.NaN;
  const isWhole = /^\d{1,6}$/.test(text);
  if (!(isWhole && minutes >= shortestMinutes && minutes <= longestMinutes))
    throw new InvalidError(`${label} must be a whole number, from 5 minutes to 30 days.`);
  return minutes;
}

/** In the largest unit that gives a whole number. */
function lengthOf(minutes: number): Length {
  const unit = (["days", "hours"] as const).find((one) => minutes % units[one] === 0) ?? "minutes";
  return { count: minutes / units[unit], unit };
}

function textOf({ count, unit }: Length): string {
  return `${count} ${count === 1 ? unit.slice(0, -1) : unit}`;
}
