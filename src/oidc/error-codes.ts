/** The provider cannot serve anyone at the moment (RFC 6749 §4.1.2.1). */
export function isOutage(error: string | null): boolean {
  return error === "temporarily_unavailable" || error === "server_error";
}

/** The provider knows no such client, or not by this secret (RFC 6749 §5.2). Salesforce: invalid_client_id. */
export function isClientError(error: string | null): boolean {
  return error !== null && /^invalid_client(_id|_credentials)?$/i.test(error);
}

/** Errors about the application at the provider, which the person cannot change. */
export const clientErrors = new Set([
  "unauthorized_client",
  "invalid_request",
  "invalid_scope",
  "unsupported_response_type",
  "unsupported_grant_type",
  "request_not_supported",
]);
