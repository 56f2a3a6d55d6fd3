/** The part of oidc-provider that we use: the package has no types. */
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  export class Grant {
    addOIDCScope(scope: string): void;
    save(): Promise<string>;
  }
  export interface Context {
    body: unknown;
    oidc: {
      client: { clientId: string };
      session: { accountId: string };
      params: Record<string, string | undefined>;
    };
  }
  /** The context of a token request. */
  export interface TokenContext {
    oidc: { entities: { Client: { clientId: string } } };
  }
  export const errors: {
    CustomOIDCProviderError: new (error: string, description: string) => Error;
  };
  export interface Account {
    accountId: string;
    claims(use: "id_token" | "userinfo", scope: string): Record<string, unknown>;
  }
  export default class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    proxy: boolean;
    readonly Grant: new (about: {
      clientId: string;
      accountId: string;
    }) => Grant;
    readonly AccessToken: {
      find(value: string): Promise<{ clientId: string; scope?: string } | undefined>;
    };
    readonly RefreshToken: {
      find(value: string): Promise<{ clientId: string; accountId: string } | undefined>;
    };
    registerGrantType(
      name: string,
      handler: (ctx: Context) => Promise<void>,
      params: readonly string[],
    ): void;
    callback(): (req: IncomingMessage, res: ServerResponse) => void;
    use(middleware: (ctx: Context, next: () => Promise<void>) => Promise<void>): this;
    on(event: string, listener: (...args: unknown[]) => void): this;
    interactionDetails(
      req: IncomingMessage,
      res: ServerResponse,
    ): Promise<{ uid: string; params: Record<string, string | undefined> }>;
    interactionFinished(req: IncomingMessage, res: ServerResponse, result: object): Promise<void>;
  }
}
