import type { Request } from "express";
import { buildEndSessionUrl } from "openid-client";
import { oidcUrls } from "../endpoints.ts";
import { idTokenContext } from "../store/secrets.ts";
import { forTenant } from "../store/tenant-store.ts";
import type { OidcDeps } from "./routes.ts";

/**
 * Where to send a browser to sign out of its provider, too (OpenID Connect RP-Initiated Logout §2). Null if the connection
 * does not ask for that, or if the provider does not offer it or cannot be reached: signing out here never depends on it.
 */
export function signOutUrlOf({ database, sealer, baseUrl, providers }: OidcDeps) {
  return async (req: Request): Promise<string | null> => {
    const { signIn, sealedIdToken } = req.session;
    if (!signIn?.connectionId || !sealedIdToken) return null;
    try {
      const store = forTenant(database, signIn.tenantId);
      const connection = await store.connections.byId(signIn.connectionId);
      if (connection?.type !== "oidc" || !connection.settings?.signOutOfProvider) return null;
      const configuration = await providers.configuration(
        connection.settings,
        "not needed to build an address",
      );
      if (!configuration.serverMetadata().end_session_endpoint) return null;
      return buildEndSessionUrl(configuration, {
        id_token_hint: sealer.open(sealedIdToken, idTokenContext(signIn.tenantId, connection.id)),
        post_logout_redirect_uri: oidcUrls(baseUrl, connection.key).postLogoutRedirectUri,
      }).href;
    } catch (error) {
      req.log.warn({ err: error, connectionId: signIn.connectionId }, "oidc.sign_out_failed");
      return null;
    }
  };
}
