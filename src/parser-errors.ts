/** The status that Express or a body parser gave an error, from 400 to 499; null for any other error. */
export function parserStatus(error: unknown): number | null {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === "number" && status >= 400 && status < 500 ? status : null;
}
