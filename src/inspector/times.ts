/** Times in messages, as people read them. */

/** Names whose values are seconds since 1970 (RFC 7519 §2, NumericDate). */
const numericDates = new Set("exp iat nbf auth_time updated_at session_expiry".split(" "));
// SAML {
/** XML attributes whose values are times (SAML Core §1.3.3). */
const instants = new Set("IssueInstant NotBefore NotOnOrAfter AuthnInstant SessionNotOnOrAfter".split(" "));
// SAML }

/** The latest time that a Date can hold. */
const endOfTime = 8.64e15;

/** The time in a value, in ms since 1970; null if its name is not that of a time, or the value is none. */
export function instantOf(name: string, value: string): number | null {
  const ms = timeOf(name, value);
  return Number.isFinite(ms) && Math.abs(ms) <= endOfTime ? ms : null;
}

function timeOf(name: string, value: string): number {
  if (instants.has(name)) return Date.parse(value); // SAML
  return numericDates.has(name) ? Number(value) * 1000 : Number.NaN;
}

const format = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "medium",
  timeZone: "UTC",
});

const units: readonly [name: string, ms: number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
];

/** "29 Nov 2026, 20:59:03 UTC, in 59 min": how far a time is from that of its message. */
export function timeNote(instant: number, messageAt: number): string {
  const distance = instant - messageAt;
  const [unit = "s", ms = 1_000] = units.find(([, one]) => Math.abs(distance) >= one) ?? [];
  const count = Math.round(Math.abs(distance) / ms);
  const relative = count === 0 ? "now" : distance > 0 ? `in ${count} ${unit}` : `${count} ${unit} earlier`;
  return `${format.format(instant)} UTC, ${relative}`;
}
