/** What was asked of the check is not acceptable; the message says why. */
export class InvalidError extends Error {
  override name = "InvalidError";
}
