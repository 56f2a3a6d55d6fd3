/** The command line or a file that it names is not acceptable. The message says why. */
export class CheckInputError extends Error {
  override name = "CheckInputError";
}
