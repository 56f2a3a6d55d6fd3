/** A call failed. Okta shows the message to the administrator. */
export class ScimFailure extends Error {
  override name = "ScimFailure";
  readonly status: number | null;
  constructor(status: number | null, message: string) {
    super(message);
    this.status = status;
  }
}
