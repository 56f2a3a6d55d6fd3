import {
  type AuthProvider,
  auth,
  Client,
  CrossAppAccessProvider,
  extractWWWAuthenticateParams,
  type FetchLike,
  requestJwtAuthorizationGrant,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import type { AgentSettings } from "../../../../src/demo/agent.ts";
import { type CallTool, ToolRefusal } from "./questions.ts";

/** The tokens that let the agent act for a person. */
export interface Access {
  /** The org's proof of who signed in, issued to this agent. */
  idToken: string;
  /** The org's token endpoint, from its discovery document. */
  tokenEndpoint: string;
  accessToken: { value: string; scope: string; until: number } | null;
}

/** The product refuses an access token that had not expired. */
export class AccessEndedError extends Error {
  override name = "AccessEndedError";
}

/**
 * Connects to the product's MCP server for a person, and runs a script there. The SDK's Cross App Access provider gets an
 * access token when the server asks for one; `access` keeps it for the next time. Throws AccessEndedError, ToolRefusal, and
 * the SDK's errors.
 */
export async function withTools<Result>(
  { org, product }: AgentSettings,
  access: Access,
  fetchFn: FetchLike,
  script: (callTool: CallTool) => Promise<Result>,
): Promise<Result> {
  const provider = new CrossAppAccessProvider({
    clientId: product.clientId,
    clientSecret: product.clientSecret,
    expectedIssuer: product.issuer,
    fetchFn,
    assertion: async ({ authorizationServerUrl, resourceUrl, scope }) => {
      const { jwtAuthGrant } = await requestJwtAuthorizationGrant({
        tokenEndpoint: access.tokenEndpoint,
        audience: authorizationServerUrl,
        resource: resourceUrl,
        idToken: access.idToken,
        clientId: org.clientId,
        clientSecret: org.clientSecret,
        ...(scope ? { scope } : {}),
        fetchFn,
      });
      return jwtAuthGrant;
    },
  });
  const transport = new StreamableHTTPClientTransport(new URL(product.mcpUrl), {
    authProvider: keeping(access, provider),
    fetch: fetchFn,
    onInsufficientScope: "throw",
  });
  const client = new Client(
    { name: "task-helper", version: "1.0.0" },
    { versionNegotiation: { mode: "auto" } },
  );
  try {
    await client.connect(transport);
    return await script(toolsOf(client));
  } finally {
    await client.close();
  }
}

/** Presents the stored access token, and gets a new one only if there is none: a refused one may have been revoked. */
function keeping(access: Access, provider: CrossAppAccessProvider): AuthProvider {
  if (access.accessToken && access.accessToken.until <= Date.now()) access.accessToken = null;
  return {
    token: async () => access.accessToken?.value,
    async onUnauthorized({ response, serverUrl, fetchFn }) {
      if (access.accessToken) throw new AccessEndedError("The access token was refused.");
      const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response);
      await auth(provider, {
        serverUrl,
        fetchFn,
        ...(resourceMetadataUrl ? { resourceMetadataUrl } : {}),
        ...(scope ? { scope } : {}),
      });
      const tokens = provider.tokens();
      if (!tokens) throw new Error("The authorization server sent no access token.");
      const until = Date.now() + (tokens.expires_in ?? 0) * 1000;
      access.accessToken = { value: tokens.access_token, scope: tokens.scope ?? "", until };
    },
  };
}

function toolsOf(client: Client): CallTool {
  return async (name, args) => {
    const { isError, content, structuredContent } = await client.callTool({ name, arguments: args });
    const text = content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join(" ");
    if (isError) throw new ToolRefusal(text);
    return { ...Object(structuredContent) };
  };
}
