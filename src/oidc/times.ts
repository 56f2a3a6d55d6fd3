/** The latest time that a Date can hold. */
export const endOfTime = 8.64e15;

/** The end of the year 9999, in seconds: some providers mean "never" by it. The milliseconds of any present time are more. */
const latestSeconds = 253_402_300_799;
/** Clocks may differ by a minute. */
export const clockSkewMs = 60_000;

/**
 * A NumericDate in milliseconds. Claims that an administrator defines are texts at some providers. Null for anything else,
 * such as a time in milliseconds.
 */
export function timeOf(value: unknown): number | null {
  const seconds = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  return typeof seconds === "number" && seconds <= latestSeconds ? seconds * 1000 : null;
}
