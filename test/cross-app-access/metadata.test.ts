import assert from "node:assert/strict";
import { onOneDatabase } from "../helpers/databases.ts";
import { allScopes } from "../helpers/id-jag.ts";
import { useSite } from "../helpers/site.ts";

describe("the metadata of Cross App Access", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    const read = async (path: string) => {
      const answer = await site().app.client().get(path, { accept: "application/json" });
      assert.equal(answer.status, 200, answer.text);
      return { answer, body: JSON.parse(answer.text) as Record<string, unknown> };
    };

    it("describes the authorization server, and names no issuer that it trusts", async () => {
      await site().acme.connection({ settings: { issuer: "https://acme.okta.example", clientId: "0oa1" } });
      const { body } = await read("/.well-known/oauth-authorization-server");
      assert.deepEqual(body, {
        issuer: site().app.url,
        authorization_endpoint: `${site().app.url}/oauth2/authorize`,
        token_endpoint: `${site().app.url}/oauth2/token`,
        revocation_endpoint: `${site().app.url}/oauth2/revoke`,
        grant_types_supported: [
          "urn:ietf:params:oauth:grant-type:jwt-bearer",
          "authorization_code",
          "refresh_token",
        ],
        authorization_grant_profiles_supported: ["urn:ietf:params:oauth:grant-profile:id-jag"],
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
        scopes_supported: allScopes,
        token_endpoint_auth_methods_supported: [
          "client_secret_basic",
          "client_secret_post",
          "private_key_jwt",
        ],
        token_endpoint_auth_signing_alg_values_supported: ["RS256", "PS256", "ES256", "EdDSA"],
        revocation_endpoint_auth_methods_supported: [
          "client_secret_basic",
          "client_secret_post",
          "private_key_jwt",
        ],
        revocation_endpoint_auth_signing_alg_values_supported: ["RS256", "PS256", "ES256", "EdDSA"],
        client_id_metadata_document_supported: true,
        dpop_signing_alg_values_supported: ["ES256", "RS256", "PS256", "EdDSA"],
      });
    });

    it("announces an authorization endpoint that leads nowhere for a client that it does not know", async () => {
      const { body } = await read("/.well-known/oauth-authorization-server");
      const query = "?response_type=code&client_id=x&redirect_uri=https://evil.example";
      const answer = await site()
        .app.client()
        .get(new URL(String(body.authorization_endpoint)).pathname + query);
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.get("location"), null);
      assert.match(answer.text, /This request is not from Okta/);
    });

    for (const path of ["", "/api/v1", "/mcp"]) {
      it(`describes the resource ${path || "/"}, to the letter`, async () => {
        const { body } = await read(`/.well-known/oauth-protected-resource${path}`);
        assert.equal(body.resource, site().app.url + path);
        assert.deepEqual(body.authorization_servers, [site().app.url]);
        assert.deepEqual(body.scopes_supported, allScopes);
        assert.deepEqual(body.bearer_methods_supported, ["header"]);
      });
    }

    for (const path of ["/mcp/other", "/mcp/", "/MCP", "/api", "/api/v2"]) {
      it(`describes no resource ${path}`, async () => {
        const answer = await site().app.client().get(`/.well-known/oauth-protected-resource${path}`);
        assert.equal(answer.status, 404);
      });
    }

    it("is readable by clients in a browser, and cacheable", async () => {
      for (const path of [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource/mcp",
      ]) {
        const { answer } = await read(path);
        assert.equal(answer.headers.get("access-control-allow-origin"), "*");
        assert.equal(answer.headers.get("cache-control"), "public, max-age=3600");
        const asked = await site().app.client().send("OPTIONS", path, { origin: "https://client.example" });
        assert.equal(asked.status, 204);
        assert.equal(asked.headers.get("access-control-allow-headers"), "*");
      }
    });
  });
});
