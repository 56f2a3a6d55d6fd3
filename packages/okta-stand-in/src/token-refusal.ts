/** The token endpoint refuses a token exchange (RFC 6749 §5.2, RFC 8693 §2.2.2). The message is the error_description. */
export class TokenRefusal extends Error {
  override name = "TokenRefusal";
  readonly code: TokenErrorCode;

  constructor(code: TokenErrorCode, description: string, options?: ErrorOptions) {
    super(description, options);
    this.code = code;
  }
}

/** The stand-in uses `access_denied` for a person or a limit, because RFC 6749 §5.2 has no code for them. */
type TokenErrorCode =
  | "invalid_request"
  | "invalid_grant"
  | "invalid_target"
  | "invalid_scope"
  | "unauthorized_client"
  | "access_denied";
