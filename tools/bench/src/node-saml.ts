import { SAML, type SamlConfig } from "@node-saml/node-saml";
import express, { type Express } from "express";

/** Measures node-saml's own validation without HTTP: the mean of several responses, in milliseconds. */
export function nodeSamlRoute(app: Express): void {
  app.post("/node-saml", express.json({ limit: "10mb" }), async (req, res) => {
    const { responses, options } = req.body as { responses: string[]; options: SamlConfig };
    const saml = new SAML(options);
    const started = performance.now();
    for (const SAMLResponse of responses) await saml.validatePostResponseAsync({ SAMLResponse });
    res.json((performance.now() - started) / responses.length);
  });
}
