/**
 * Times as people say them. The server knows neither the reader's time zone nor when they read the page, so it writes UTC;
 * public/moments.js writes the same words in the reader's zone, and keeps them true.
 */

/** `clock` is for lists that are grouped by day: it leaves the day out. `exact` is for what people compare. */
export type MomentStyle = "relative" | "clock" | "exact";

const dayMs = 86_400_000;
const utc = { timeZone: "UTC" } as const;
/** Created once: creating a formatter takes longer than rendering a whole table row. */
const formats = {
  clock: new Intl.DateTimeFormat("en-GB", { ...utc, hour: "2-digit", minute: "2-digit" }),
  date: new Intl.DateTimeFormat("en-GB", { ...utc, day: "numeric", month: "short", year: "numeric" }),
  day: new Intl.DateTimeFormat("en-GB", { ...utc, weekday: "long", day: "numeric", month: "long" }),
  minute: new Intl.DateTimeFormat("en-GB", { ...utc, dateStyle: "medium", timeStyle: "short" }),
  second: new Intl.DateTimeFormat("en-GB", { ...utc, dateStyle: "medium", timeStyle: "medium" }),
};

/** A time to the minute, for places that have no HTML. */
export const formatDate = (at: number) => `${formats.minute.format(at)} UTC`;

/** A time to the second. */
export const exactTime = (at: number) => `${formats.second.format(at)} UTC`;

/** "3 min ago", "5 h ago", "yesterday 14:02", "in 20 days", "27 Nov 2026". */
export function momentText(at: number, style: MomentStyle = "relative", now = Date.now()): string {
  if (style === "exact") return formatDate(at);
  const minutes = Math.floor(Math.abs(now - at) / 60_000);
  const gap = (count: number, unit: string) => (at > now ? `in ${count} ${unit}` : `${count} ${unit} ago`);
  if (minutes < 1) return at > now ? "in a moment" : "just now";
  if (minutes < 60) return gap(minutes, "min");
  const clock = formats.clock.format(at);
  if (style === "clock") return clock;
  const days = Math.floor(at / dayMs) - Math.floor(now / dayMs);
  if (days === 0) return gap(Math.floor(minutes / 60), "h");
  if (days > 1 && days <= 60) return gap(days, "days");
  if (Math.abs(days) === 1) return `${days < 0 ? "yesterday" : "tomorrow"} ${clock}`;
  return formats.date.format(at);
}

/** The heading of a day in a list: "Today", "Yesterday", "Friday 27 November". */
export function dayText(at: number, now = Date.now()): string {
  const days = Math.floor(now / dayMs) - Math.floor(at / dayMs);
  return ["Today", "Yesterday"][days] ?? formats.day.format(at);
}

/** The UTC day of a time: "2026-11-27". */
export const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

/** A duration for people, from ms: "12 ms", "1.2 s", "3 min". The space keeps a line from breaking before the unit. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(1, Math.round(ms))}\u00a0ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)}\u00a0s` : `${Math.round(ms / 60_000)}\u00a0min`;
}
