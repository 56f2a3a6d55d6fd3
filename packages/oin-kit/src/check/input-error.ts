/** What was asked of the check is not acceptable; the message says why. */
export class CheckInputError extends Error {
  override name = "CheckInputError";
}
