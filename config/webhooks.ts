/** A program elsewhere that calls the product: docs/how-to/receive-webhooks.md. */
export interface IncomingWebhook {
  /** Names its secrets in WEBHOOK_SECRETS, and its deliveries in the log. */
  name: string;
  /** Who calls, for the people who operate the product: "Our billing provider". */
  caller: string;
  path: `/webhooks/${string}`;
}

/**
 * The only paths of the product that take a POST from another site. Each delivery proves its caller by a signature, and none
 * reads a session. The paths of the protocols are in src/endpoints.ts, with what proves their callers.
 */
export const incomingWebhooks: readonly IncomingWebhook[] = [];
