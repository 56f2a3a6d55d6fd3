import assert from "node:assert/strict";
import { createAgent } from "../../src/directory/agents.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { jwtBearer } from "../helpers/id-jag.ts";
import { type ClientSecret, type Parameters, useOktaSite } from "../helpers/okta-connect.ts";

/** The words that only one of the two kinds of grants has. */
const words = {
  agents: { event: "cross_app_access.refused", grantType: `Send grant_type=${jwtBearer}.` },
  provisioning: {
    event: "scim_authorization.refused",
    grantType: "Send grant_type=authorization_code or refresh_token.",
  },
};

describe("a refusal of the token endpoint", () => {
  onOneDatabase((use) => {
    const site = useOktaSite(use);
    let agent: ClientSecret;
    before(async () => {
      const wanted = { tenantId: null, name: "Helper", scopes: ["any"], jwksUri: null };
      const made = await createAgent(use().database, wanted);
      agent = { clientId: made.agent.clientId, secret: made.secret ?? assert.fail() };
    });

    const as = ({ clientId, secret }: ClientSecret): Parameters => ({
      client_id: clientId,
      client_secret: secret,
    });
    const unknown = { client_id: "scim_unknown", client_secret: "wrong" };
    const cases: [string, () => Parameters, keyof typeof words, string][] = [
      [
        "the grant that an unknown client names",
        () => ({ ...unknown, grant_type: "refresh_token" }),
        "provisioning",
        "invalid_client",
      ],
      [
        "the other grant that it names",
        () => ({ ...unknown, grant_type: jwtBearer }),
        "agents",
        "invalid_client",
      ],
      ["the first grant, if it names none", () => ({ ...unknown }), "agents", "invalid_client"],
      [
        "an agent's grants, if the agent names another client's",
        () => ({ ...as(agent), grant_type: "refresh_token" }),
        "agents",
        "unauthorized_client",
      ],
      [
        "an agent's grants, if it names none that exists",
        () => ({ ...as(agent), grant_type: "password" }),
        "agents",
        "unsupported_grant_type",
      ],
      [
        "Okta's grants, if Okta names an agent's",
        () => ({ ...as(site().client), grant_type: jwtBearer }),
        "provisioning",
        "unauthorized_client",
      ],
      [
        "Okta's grants, if it names none that exists",
        () => ({ ...as(site().client), grant_type: "password" }),
        "provisioning",
        "unsupported_grant_type",
      ],
      [
        "the grant that its own client names",
        () => ({ ...as(site().client), grant_type: "refresh_token" }),
        "provisioning",
        "invalid_request",
      ],
    ];
    for (const [what, parameters, kind, error] of cases)
      it(`uses the words of ${what}`, async () => {
        const { app, token } = site();
        const answer = JSON.parse((await token(parameters())).text);
        assert.equal(answer.error, error);
        const event = app.logged.findLast((line) => String(line.event).endsWith(".refused"))?.event;
        assert.equal(event, words[kind].event);
        if (error === "unsupported_grant_type") assert.equal(answer.error_description, words[kind].grantType);
      });
  });
});
